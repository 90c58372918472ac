using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;

namespace ConsoleView;

/// <summary>
/// Shows in the console how a text is written: masked positions as dim blocks, tokens in colours of their probability, and those that the
/// last step has changed on a ground of their colour. Where the output is redirected or no colours are wanted (NO_COLOR), the text is
/// written once, plainly, when it is done.
/// </summary>
/// <remarks>
/// Nothing in a text can move the cursor or change colours: control characters are shown as signs. One view shows one text at a time.
/// </remarks>
public sealed class ConsoleGenerationView
{
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(40);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _clock;
    private readonly bool _isPlain;

    /// <summary>Creates a view.</summary>
    /// <param name="console">Where to show it. Default null: the standard output.</param>
    /// <param name="clock">Measures the speed that is shown. Default null: the system's.</param>
    /// <param name="isPlain">
    /// Whether the text is written once and without colours. Default null: where the output is redirected, the console has no colours, or
    /// the environment variable NO_COLOR is set and not empty.
    /// </param>
    public ConsoleGenerationView(IAnsiConsole? console = null, TimeProvider? clock = null, bool? isPlain = null)
    {
        _console = console ?? AnsiConsole.Console;
        _clock = clock ?? TimeProvider.System;
        bool isRedirected = console is null && Console.IsOutputRedirected;
        bool hasColors = _console.Profile.Capabilities is { Ansi: true, ColorSystem: not ColorSystem.NoColors }
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        _isPlain = isPlain ?? (isRedirected || !hasColors);
    }

    /// <summary>Shows the states of a text until it is done, and leaves the last one in the console.</summary>
    /// <param name="states">The states, such as <see cref="TextGenerator.StreamAsync"/> gives.</param>
    /// <param name="prompt">The prompt, which is shown before the text. Default empty.</param>
    /// <param name="cancellationToken">Stops the reading of the states.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="InvalidOperationException">The states end without a result.</exception>
    public async Task<GeneratedText> ShowAsync(
        IAsyncEnumerable<GenerationState> states, string prompt = "", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(prompt);
        long begun = _clock.GetTimestamp();
        GenerationFrame? last = null;
        if (_isPlain)
        {
            await foreach (GenerationState state in states.WithCancellation(cancellationToken).ConfigureAwait(false))
                last = new GenerationFrame(state, prompt, _clock.GetElapsedTime(begun));
        }
        else
        {
            // The moving picture fits the window and goes; the whole text stays.
            await _console.Live(new Text("")).AutoClear(true).StartAsync(
                async live => last = await AnimateAsync(live, states, prompt, begun, cancellationToken).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        if (last?.State.Result is not { } result)
            throw new InvalidOperationException("The states ended without a result. Show those of one whole text.");
        if (_isPlain)
            _console.Profile.Out.Writer.Write(last.ToPlainText());
        else
            _console.Write(last);
        return result;
    }

    private async Task<GenerationFrame?> AnimateAsync(
        LiveDisplayContext live, IAsyncEnumerable<GenerationState> states, string prompt, long begun, CancellationToken cancellation)
    {
        GenerationFrame? frame = null;
        long shown = long.MinValue;
        await foreach (GenerationState state in states.WithCancellation(cancellation).ConfigureAwait(false))
        {
            frame = new GenerationFrame(state, prompt, _clock.GetElapsedTime(begun));
            if (shown != long.MinValue && _clock.GetElapsedTime(shown) < FrameInterval)
                continue;
            shown = _clock.GetTimestamp();
            live.UpdateTarget(new GenerationFrame(state, prompt, frame.Elapsed, _console.Profile.Height - 1));
            live.Refresh();
        }
        return frame;
    }
}
