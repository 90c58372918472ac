using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A zero-shot task: turns the rows of a data set's official JSON-lines file into questions. The built-in tasks have the prompts of
/// lm-evaluation-harness 0.4.4, which SMDM (arXiv 2410.18514) was evaluated with. Derive from this class, or write a JSON file for
/// <see cref="FromJsonFile"/>, to add a task. Implementations are stateless and safe for concurrent use.
/// </summary>
public abstract class ZeroShotTask
{
    private static readonly ZeroShotTask[] BuiltIn =
    [
        new HellaSwagTask(), new OpenBookQATask(), new ArcEasyTask(), new BoolQTask(),
        new PiqaTask(), new SocialIQaTask(), new RaceTask(), new LambadaTask(),
    ];

    // File systems take names of 255 bytes, and something is put behind this one.
    private const int LongestName = 200;

    private static readonly SearchValues<char> NotInFileNames = SearchValues.Create(@"/\:*?""<>|");

    /// <summary>Names of the built-in tasks, the eight of the SMDM paper, as lm-evaluation-harness spells them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. BuiltIn.Select(task => task.Name)];

    /// <summary>The task's name, as lm-evaluation-harness spells it, for example "arc_easy".</summary>
    public abstract string Name { get; }

    /// <summary>
    /// True where a question has one continuation and counts as right when most-confident-first decoding gives exactly it (LAMBADA); false,
    /// the default, for multiple choice.
    /// </summary>
    public virtual bool Greedy => false;

    /// <summary>True, the default, where the harness also reports the accuracy of length-normalised scores.</summary>
    public virtual bool ReportsNormalizedAccuracy => true;

    /// <summary>Finds a built-in task.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No built-in task has that name; the message lists them.</exception>
    public static ZeroShotTask FromName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Array.Find(BuiltIn, task => task.Name == name)
            ?? throw new ArgumentException(
                $"There is no task '{name}'. The built-in tasks are {string.Join(", ", Names)}; "
                + "other tasks come from a JSON file through FromJsonFile.", nameof(name));
    }

    /// <summary>Reads a task's definition from a JSON file; see <see cref="JsonTaskDefinition"/> for its fields.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="InvalidDataException">The file is not a valid definition; the message says what is wrong.</exception>
    public static ZeroShotTask FromJsonFile(string path) => new TemplateTask(JsonTaskDefinition.Read(path));

    /// <summary>Makes a question of one row. Rows <c>{query, choices, gold}</c> never reach this method.</summary>
    /// <param name="row">A JSON object with the data set's own field names.</param>
    /// <param name="id">What identifies the row where it has no id of its own.</param>
    /// <exception cref="InvalidDataException">
    /// A field is missing or has another type or range than expected; what <see cref="JsonElement"/> throws then, or use of its null, is
    /// turned into it.
    /// </exception>
    protected abstract ZeroShotQuestion Read(JsonElement row, string id);

    /// <summary>
    /// The context of a ready-made row <c>{query, choices, gold}</c>: its query as it stands, unless a task's harness prompt adds to it.
    /// </summary>
    /// <param name="query">The row's query.</param>
    protected virtual string ContextFromQuery(string query) => query;

    /// <summary>
    /// Reads the questions of a JSON-lines file lazily: rows of the data set's official format, ready-made rows <c>{query, choices,
    /// gold}</c>, or for greedy tasks <c>{context, continuation}</c>. Empty lines are skipped.
    /// </summary>
    /// <param name="path">The UTF-8 file.</param>
    /// <exception cref="InvalidDataException">
    /// A line is not UTF-8, not a JSON object or lacks a field, a label points outside the options, or the file holds no row; the message
    /// names file and line.
    /// </exception>
    public IEnumerable<ZeroShotQuestion> ReadFile(string path) => ReadFile(path, invalid: null);

    /// <summary>The same; a row that is no question is left out and told to <paramref name="invalid"/>, where that is given.</summary>
    internal IEnumerable<ZeroShotQuestion> ReadFile(string path, Action<InvalidDataException>? invalid)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return JsonLines.Read(path, (row, line) => Question(row, $"{line}"), invalid);
    }

    /// <summary>Refuses a name that could not be a file's name, because a task's log is called by it.</summary>
    /// <exception cref="InvalidDataException">
    /// The name is empty, has a character that file names may not have, or begins with a dot.
    /// </exception>
    internal static void CheckName(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name[0] == '.' || name.AsSpan().IndexOfAny(NotInFileNames) >= 0 || name.Any(char.IsControl)
            || Encoding.UTF8.GetByteCount(name) > LongestName)
        {
            throw new InvalidDataException(
                $"the task's name is '{TextExcerpt.Of(name)}'; it names a log file, so it must not be empty, be longer than {LongestName} "
                + @"bytes, begin with a dot, or have one of the characters / \ : * ? "" < > |.");
        }
    }

    internal ZeroShotQuestion Question(JsonElement row, string id)
    {
        ZeroShotQuestion question = row.TryGetProperty("query", out _) && row.TryGetProperty("choices", out _)
            ? new ZeroShotQuestion(id, ContextFromQuery(row.Text("query")), row.Texts("choices"), row.Index("gold"))
            : Checked(row, id);
        if (MissingPart(question) is { } missing)
            throw new InvalidDataException($"the task '{Name}' made a question of this row, and {missing}");
        if (WrongCount(question) is { } wrong)
            throw new InvalidDataException(wrong);
        if (question.Choices.Any(string.IsNullOrWhiteSpace))
            throw new InvalidDataException("an option is empty");
        if (WrongGold(question) is { } fault)
            throw new InvalidDataException(fault);
        return question;
    }

    /// <summary>What is wrong with the number of a question's right option; null where it is right.</summary>
    internal static string? WrongGold(ZeroShotQuestion question) => question.Gold >= 0 && question.Gold < question.Choices.Count
        ? null : $"the right option is number {question.Gold} (from 0), but there are {question.Choices.Count} options";

    /// <summary>What is wrong with the number of a question's options; null where it is right.</summary>
    internal string? WrongCount(ZeroShotQuestion question) => (Greedy, question.Choices.Count) switch
    {
        (true, not 1) => $"a question of a greedy task has 1 continuation, and this one has {question.Choices.Count}",
        (false, < 2) => $"a question needs 2 or more options, and this one has {question.Choices.Count}",
        _ => null,
    };

    /// <summary>What a question must have and has not; null where it has everything.</summary>
    internal static string? MissingPart(ZeroShotQuestion? question) => question switch
    {
        null => "it is null",
        { Id: null } => "its Id is null",
        { Context: null } => "its Context is null",
        { Choices: null } => "its Choices are null",
        { Separator: null } => "its Separator is null",
        _ => question.Choices.Any(choice => choice is null) ? "one of its Choices is null" : null,
    };

    // What JsonElement throws about a row that is not as a task of somebody's own expects: the reader adds file and line to
    // InvalidDataException only.
    private ZeroShotQuestion Checked(JsonElement row, string id)
    {
        try
        {
            return Read(row, id);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException
            or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException($"the task '{Name}' cannot read this row: {e.Message}", e);
        }
    }
}
