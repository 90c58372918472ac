using Mdm.Data;

namespace Mdm;

/// <summary>A command that uses a model.</summary>
/// <typeparam name="TSettings">Its settings.</typeparam>
internal abstract class ModelCommand<TSettings> : SettingsCommand<TSettings>
    where TSettings : ModelSettings, new()
{
    protected ModelCommand(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
    }

    /// <inheritdoc/>
    protected sealed override void Check(TSettings settings) => ModelPlace.RequireNamed(settings.Model);

    /// <summary>Adds the option that names the model.</summary>
    protected void AddModel() => AddOption("--model", "Model", $"The model: {ModelPlace.Forms}.", "path");

    /// <summary>Adds where and in which numbers the model computes.</summary>
    /// <param name="devices">The devices, as a sentence.</param>
    protected void AddDeviceAndWeights(string devices = "auto, cpu, cuda or cuda:1.")
    {
        AddOption("--device", "Device", devices + " Default: auto.", "name");
        AddOption("--weights", "Weights",
            "How matrices are held in memory: Automatic (as the file has them), Float32, BFloat16 or Int8, rounded where they have more "
            + "bits. Default: Automatic.", "name");
    }
}
