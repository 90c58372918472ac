using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The tests of this project run in a culture that writes 1.234,5 where the invariant one writes 1,234.5, as a user's application may. It
/// is made here, since the build leaves out the cultures of the system. Processes that tests start have the invariant one.
/// </summary>
[TestClass]
public static class DecimalComma
{
    /// <summary>Sets the culture of all threads.</summary>
    [AssemblyInitialize]
    public static void Set(TestContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.PercentDecimalSeparator = ",";
        culture.NumberFormat.PercentGroupSeparator = ".";
        culture.DateTimeFormat.ShortDatePattern = "dd.MM.yyyy";
        culture.DateTimeFormat.ShortTimePattern = "HH.mm";
        CultureInfo.CurrentCulture = culture;
        CultureInfo.DefaultThreadCurrentCulture = culture;
    }
}
