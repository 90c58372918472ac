namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Settings of MPI that cannot be are refused before MPI is looked for.</summary>
[TestClass]
public sealed class MpiOptionsTests
{
    public static IEnumerable<object[]> Bad =>
    [
        [nameof(MpiOptions.LostAfter), new MpiOptions { LostAfter = TimeSpan.FromSeconds(4) }],
        [nameof(MpiOptions.LostAfter), new MpiOptions { LostAfter = TimeSpan.FromDays(2) }],
        [nameof(MpiOptions.LostAfter), new MpiOptions { LostAfter = TimeSpan.FromSeconds(-30) }],
        [nameof(MpiOptions.StartWithin), new MpiOptions { StartWithin = TimeSpan.Zero }],
        [nameof(MpiOptions.StartWithin), new MpiOptions { StartWithin = TimeSpan.FromDays(2) }],
        [nameof(MpiOptions.LibraryPath), new MpiOptions { LibraryPath = " " }],
    ];

    [TestMethod]
    [DynamicData(nameof(Bad))]
    public void WhatCannotBeIsRefusedByName(string name, MpiOptions options)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MpiProcessGroup.Start(options));
        Assert.AreEqual(name, error.ParamName);
        StringAssert.StartsWith(error.Message, name + " must be ");
    }
}
