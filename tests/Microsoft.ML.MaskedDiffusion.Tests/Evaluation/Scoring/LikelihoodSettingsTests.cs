using System.Reflection;
using Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the head of a log says of likelihood options, so that a run does not go on with other ones.</summary>
[TestClass]
public sealed class LikelihoodSettingsTests
{
    [TestMethod]
    public void EachOptionThatChangesResultsIsInTheHead()
    {
        string standard = Head(new LikelihoodOptions());
        var values = new Dictionary<Type, object>
        {
            [typeof(int)] = 77, [typeof(int?)] = 77, [typeof(ulong)] = 77ul, [typeof(double)] = 0.77, [typeof(double?)] = 0.77,
            [typeof(LikelihoodMethod)] = LikelihoodMethod.MonteCarlo,
        };
        foreach (PropertyInfo property in typeof(LikelihoodOptions).GetProperties().Where(property => property.CanWrite))
        {
            var options = new LikelihoodOptions();
            object value = property.PropertyType == typeof(bool)
                ? !(bool)property.GetValue(options)! : values[property.PropertyType];
            property.SetValue(options, value);
            // How many rows go through the network together changes no result.
            bool isFree = property.Name == nameof(LikelihoodOptions.BatchTokens);
            Assert.AreEqual(isFree, Head(options) == standard, property.Name);
        }
    }

    private static string Head(LikelihoodOptions options) => string.Join('\n', LikelihoodSettings.All(options));
}
