using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation.Trace;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a text was written, step by step: the states of one <see cref="TextGenerator.StreamAsync"/>, of which it keeps the changes only.
/// Becomes one HTML file without anything outside it, in which the steps can be moved through and played.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class GenerationTrace
{
    private readonly List<TraceStep> _steps = [];

    /// <summary>Begins a trace.</summary>
    /// <param name="prompt">The prompt, which is shown before the text. Default empty.</param>
    /// <param name="title">The title of the page. Default "A text being written".</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public GenerationTrace(string prompt = "", string title = "A text being written")
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(title);
        Prompt = prompt;
        Title = title;
    }

    /// <summary>The prompt.</summary>
    public string Prompt { get; }

    /// <summary>The title of the page.</summary>
    public string Title { get; }

    /// <summary>States that are recorded.</summary>
    public int StepCount => _steps.Count;

    /// <summary>What was written; null until the last state is recorded.</summary>
    public GeneratedText? Result { get; private set; }

    /// <summary>The text of the last state.</summary>
    internal string Text { get; private set; } = "";

    /// <summary>The changes of the states.</summary>
    internal IReadOnlyList<TraceStep> Steps => _steps;

    /// <summary>Records a state.</summary>
    /// <param name="state">The state.</param>
    /// <exception cref="ArgumentNullException"><paramref name="state"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The last state of the text is recorded already.</exception>
    public void Add(GenerationState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (Result is not null)
            throw new InvalidOperationException("The trace has its last state. Record another text in a trace of its own.");
        _steps.Add(new TraceStep(state.Tokens.Count, [.. state.Changed.Select(position => (position, state.Tokens[position]))]));
        Text = state.Result?.Text ?? state.Text;
        Result = state.Result;
    }

    /// <summary>Records states on their way to whoever reads them.</summary>
    /// <param name="states">The states of one text, such as <see cref="TextGenerator.StreamAsync"/> gives.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The same states.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="states"/> is null.</exception>
    public IAsyncEnumerable<GenerationState> Record(
        IAsyncEnumerable<GenerationState> states, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(states);
        return Recorded(states, cancellationToken);
    }

    /// <summary>The page: one HTML file with its style, its script and the steps, which asks nothing of the network.</summary>
    public string ToHtml() => TracePage.Of(this);

    /// <summary>Saves the page. The file appears whole or not at all; one that is there is replaced.</summary>
    /// <param name="path">The file, such as "trace.html"; its folder must exist.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    /// <exception cref="IOException">The folder does not exist, or the disk refuses.</exception>
    public void SaveHtml(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(ToHtml())));
    }

    private async IAsyncEnumerable<GenerationState> Recorded(
        IAsyncEnumerable<GenerationState> states, CancellationToken given, [EnumeratorCancellation] CancellationToken enumeration = default)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(given, enumeration);
        await foreach (GenerationState state in states.WithCancellation(both.Token).ConfigureAwait(false))
        {
            Add(state);
            yield return state;
        }
    }
}
