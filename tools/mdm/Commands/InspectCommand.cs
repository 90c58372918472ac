using Mdm.Inspection;
using Mdm.Output;
using Mdm.Settings;

namespace Mdm.Commands;

/// <summary>Says what is in a file or folder.</summary>
internal sealed class InspectCommand : SettingsCommand<InspectSettings>
{
    private static readonly Inspector[] Inspectors =
    [
        new ModelInspector(), new PublishedModelInspector(), new AdapterInspector(), new CheckpointInspector(), new PipelineInspector(),
        new SafetensorsInspector(), new PackedTokensInspector(),
    ];

    public InspectCommand()
        : base(
            "inspect",
            "Say what is in a model, saved or published, an adapter, a checkpoint, a .safetensors file or a file of packed tokens.",
            "mdm inspect lm.zip",
            "mdm inspect run/step-000001000",
            "mdm inspect model.safetensors --json")
    {
        AddArgument("path", "Path",
            "A model (folder, .mdm, .zip), an adapter's folder, a checkpoint, a folder of checkpoints or packed tokens, or a file.");
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(InspectSettings settings, ToolContext context)
    {
        string path = settings.Path ?? throw new UsageException("Name what to inspect: mdm inspect lm.zip.");
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new FileNotFoundException($"There is no file or folder {path}.");
        Inspector inspector = Inspectors.FirstOrDefault(inspector => inspector.Knows(path)) ?? throw new InvalidDataException(
            $"{path} is nothing that mdm knows: no {string.Join(", no ", Inspectors.Select(known => known.Kind))}.");
        try
        {
            context.Results.Facts([new Field("path", path), .. inspector.Read(path, context)]);
            return ExitCode.Done;
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException
            or OverflowException)
        {
            throw new InvalidDataException(
                $"{path} looks like a {inspector.Kind}, but is damaged or another program's: {error.Message}", error);
        }
    }
}
