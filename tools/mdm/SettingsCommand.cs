using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm;

/// <summary>
/// A command whose settings come from their defaults, a settings file (--config) and the command line, each before what follows. Options
/// and arguments name the settings that they set; everything else can be set with --set.
/// </summary>
/// <typeparam name="TSettings">The settings: an object whose properties are data, or groups of options of the library.</typeparam>
internal abstract class SettingsCommand<TSettings> : ToolCommand
    where TSettings : class, new()
{
    private readonly SettingNames _names = new(typeof(TSettings));
    private readonly List<Func<ParseResult, (string, JsonObject)?>> _given = [];
    private readonly List<(string[] Options, Func<TSettings, string, string?> Objection)> _conditions = [];
    private readonly Option<string?> _config = new("--config") { HelpName = "file", Description = "Read settings from a JSON file." };
    private readonly Option<string[]> _set = new("--set")
    {
        HelpName = "NAME=VALUE", Description = "Set any setting by the name that --print-config shows.",
    };
    private readonly Option<bool> _print = new("--print-config")
    {
        Description = "Print all settings as JSON, which --config reads, and do nothing else.",
    };
    private readonly Option<string?> _save = new("--save-config") { HelpName = "file", Description = "Write all settings to a file, too." };
    private readonly Option<bool> _json = new("--json") { Description = "Write results as JSON objects, one a line." };

    protected SettingsCommand(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
    }

    /// <inheritdoc/>
    public sealed override int Execute(ParseResult arguments, ToolConsole console, IProcessGroup group, CancellationToken cancellation)
    {
        Group = group;
        List<(string Source, JsonObject Values)> layers = [];
        if (arguments.GetValue(_config) is { } file)
            layers.Add((file, ReadFile(file)));
        foreach (Func<ParseResult, (string, JsonObject)?> given in _given)
        {
            if (given(arguments) is { } layer)
                layers.Add(layer);
        }
        foreach (string text in arguments.GetValue(_set) ?? [])
            layers.Add(("--set", SettingText.Assignment(typeof(TSettings), text)));
        CheckConditions(layers);
        // Twice, because a default may depend on what the others have become.
        TSettings settings = SettingsTree.With(new TSettings(), layers);
        for (int i = 0; i < 2; i++)
            settings = SettingsTree.With(Defaults(settings), layers);
        if (arguments.GetValue(_print))
        {
            console.Out.Write(SettingsTree.Print(settings));
            return ExitCode.Done;
        }
        Check(settings);
        if (group.Rank == 0 && arguments.GetValue(_save) is { } target)
            Save(SettingsTree.Print(settings), target);
        return Run(settings, new ToolContext(console, arguments.GetValue(_json), group, InOwnWords, cancellation));
    }

    /// <inheritdoc/>
    public sealed override string InOwnWords(string message) => _names.Say(message);

    /// <summary>The processes that work together.</summary>
    protected IProcessGroup Group { get; private set; } = SingleProcess.Instance;

    /// <summary>The defaults, which may depend on what is given, such as the size of a network on the minutes of training.</summary>
    protected virtual TSettings Defaults(TSettings given) => new();

    /// <summary>Refuses settings with which no work can begin, before anything is read.</summary>
    /// <exception cref="UsageException">Something is missing.</exception>
    protected virtual void Check(TSettings settings)
    {
    }

    /// <summary>Does the work.</summary>
    /// <returns>The exit code.</returns>
    protected abstract int Run(TSettings settings, ToolContext context);

    /// <summary>Adds an argument for a setting that is a text, or a list of texts.</summary>
    protected void AddArgument(string name, string setting, string description)
    {
        _names.Add(setting, $"<{name}>");
        if (SettingsTree.Find(typeof(TSettings), setting, name).PropertyType == typeof(string))
        {
            var argument = new Argument<string?>(name) { Description = description, Arity = ArgumentArity.ZeroOrOne };
            Add(argument);
            _given.Add(result => result.GetValue(argument) is { } text
                ? (name, SettingsTree.At(setting, NotEmpty(text, $"<{name}>", "path"))) : null);
            return;
        }
        var list = new Argument<string[]>(name) { Description = description, Arity = ArgumentArity.ZeroOrMore };
        Add(list);
        _given.Add(result => result.GetValue(list) is { Length: > 0 } texts ? (name, SettingsTree.At(setting, List(texts))) : null);
    }

    /// <summary>Adds an option for a setting.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="setting">The setting's name, with dots.</param>
    /// <param name="description">What it does, as a sentence.</param>
    /// <param name="helpName">What stands for the value in the help; null for the type's.</param>
    /// <param name="read">Turns the text into the setting's value; null for the type's way.</param>
    protected void AddOption(
        string name, string setting, string description, string? helpName = null, Func<string, JsonNode?>? read = null)
    {
        Type type = SettingsTree.Find(typeof(TSettings), setting, name).PropertyType;
        if (type == typeof(bool))
        {
            AddFlag(name, setting, true, description);
            return;
        }
        if (type == typeof(IReadOnlyList<string>))
        {
            _names.Add(setting, name);
            var list = new Option<string[]>(name) { Description = description, HelpName = helpName ?? "text" };
            Add(list);
            _given.Add(result => result.GetValue(list) is { Length: > 0 } texts
                ? (name, SettingsTree.At(setting, List(texts, read))) : null);
            return;
        }
        _names.Add(setting, name);
        var option = new Option<string?>(name) { Description = description, HelpName = helpName ?? HelpNameOf(type) };
        Add(option);
        _given.Add(result => result.GetValue(option) is { } text
            ? (name, SettingsTree.At(setting, read is null ? SettingText.Read(type, NotEmpty(text, name, helpName)) : read(text))) : null);
    }

    /// <summary>Adds an option without a value, which sets a setting to one.</summary>
    protected void AddFlag(string name, string setting, JsonNode value, string description)
    {
        _names.Add(setting, name, value);
        var flag = new Option<bool>(name) { Description = description };
        Add(flag);
        _given.Add(result => result.GetValue(flag) ? (name, SettingsTree.At(setting, value.DeepClone())) : null);
    }

    /// <summary>Refuses options that nothing gives a meaning: neither their switch, nor a settings file, nor --set.</summary>
    /// <param name="name">The switch.</param>
    /// <param name="isOn">Whether settings have what the switch turns on.</param>
    /// <param name="dependents">The options.</param>
    protected void RequireSwitch(string name, Func<TSettings, bool> isOn, params string[] dependents) => RefuseWhere(
        (settings, option) => isOn(settings) ? null : $"without {name}: add {name}, or leave {option} out", dependents);

    /// <summary>Refuses options that are given where the other settings leave them without a meaning.</summary>
    /// <param name="objection">
    /// Says of the settings without the options, and of the option that is given, where it means nothing and what to do, or null.
    /// </param>
    /// <param name="options">The options.</param>
    protected void RefuseWhere(Func<TSettings, string, string?> objection, params string[] options) =>
        _conditions.Add((options, objection));

    /// <summary>Adds the options that every command has; called at the end of a command's constructor, so that they come last.</summary>
    protected void AddCommonOptions()
    {
        foreach (Option option in new Option[] { _json, _config, _set, _print, _save })
            Add(option);
    }

    private static void Save(string settings, string path)
    {
        if (File.Exists(path))
        {
            if (File.ReadAllText(path) == settings)
                return;
            throw new UsageException($"There is a file {path} already, with something else in it: name another one with --save-config.");
        }
        File.WriteAllText(path, settings);
    }

    private void CheckConditions(List<(string Source, JsonObject Values)> layers)
    {
        foreach ((string[] options, Func<TSettings, string, string?> objection) in _conditions)
        {
            string? given = layers.Select(layer => layer.Source).FirstOrDefault(options.Contains);
            if (given is null)
                continue;
            TSettings others = SettingsTree.With(new TSettings(), layers.Where(layer => !options.Contains(layer.Source)));
            if (objection(others, given) is { } reason)
                throw new UsageException($"{given} means nothing {reason}.");
        }
    }

    // An empty path is what an unset variable of a shell leaves.
    private static string NotEmpty(string text, string name, string? kind) => text.Length > 0 || kind is not ("path" or "file" or "folder")
        ? text : throw new UsageException($"{name} is empty; it must be the path of a file or folder.");

    private static string HelpNameOf(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        { IsEnum: true } => "name",
        { IsPrimitive: true } => "n",
        _ => "text",
    };

    private static JsonArray List(string[] texts, Func<string, JsonNode?>? read = null) =>
        [.. texts.Select(text => read is null ? JsonValue.Create(text) : read(text))];

    private static JsonObject ReadFile(string path)
    {
        try
        {
            string text = File.ReadAllText(path, StrictUtf8.Encoding);
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new UsageException($"{path} holds no JSON object.");
        }
        catch (DecoderFallbackException error)
        {
            throw new UsageException($"{path} has bytes that are not UTF-8; convert it to UTF-8.", error);
        }
        catch (JsonException error)
        {
            throw new UsageException($"{path} is no JSON in which each setting stands once: {error.Message}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"There is no settings file {path}.", error);
        }
    }
}
