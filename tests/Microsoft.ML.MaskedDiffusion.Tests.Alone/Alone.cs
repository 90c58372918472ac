[assembly: DoNotParallelize]

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What holds for all tests of this project.</summary>
[TestClass]
public static class Alone
{
    /// <summary>Sets the culture of the other tests, which has a decimal comma.</summary>
    [AssemblyInitialize]
    public static void SetCulture(TestContext context) => DecimalComma.Set(context);
}
