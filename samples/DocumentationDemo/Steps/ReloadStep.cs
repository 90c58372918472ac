using System.Diagnostics;
using System.Globalization;
using System.Text;
using DocumentationDemo.Corpus;
using Microsoft.ML;

namespace DocumentationDemo.Steps;

/// <summary>Loads the saved model in a second process, and checks that both processes compute the same scores, bit for bit.</summary>
/// <param name="Bytes">Size of the saved model.</param>
/// <param name="Scores">Rows scored by both processes.</param>
internal sealed record ReloadStep(long Bytes, int Scores)
{
    public static ReloadStep Run(MLContext ml, ITransformer model, string path, IReadOnlyList<CorpusRow> rows)
    {
        string here = string.Concat(Score(ml, model, rows).Select(line => line + "\n"));
        string there = RunSecondProcess(path, rows);
        if (here != there)
            throw new InvalidOperationException(
                $"The second process computed different scores.\nThis process:\n{here}\nThe second:\n{there}");
        return new ReloadStep(new FileInfo(path).Length, rows.Count);
    }

    /// <summary>The work of the second process: scores each line of standard input with the saved model and a prediction engine.</summary>
    public static int ScoreStandardInput(string path)
    {
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(path, out _);
        var rows = new List<CorpusRow>();
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        while (input.ReadLine() is { } line)
            rows.Add(new CorpusRow { Text = line });
        foreach (string score in Score(ml, model, rows))
            Console.Out.Write(score + "\n");
        return 0;
    }

    /// <summary>The scores with all their digits, so that equal lines mean equal bits.</summary>
    private static IEnumerable<string> Score(MLContext ml, ITransformer model, IReadOnlyList<CorpusRow> rows)
    {
        using var engine =
            ml.Model.CreatePredictionEngine<CorpusRow, ScoredRow>(model, new PredictionEngineOptions { OwnsTransformer = false });
        return [.. rows.Select(row => engine.Predict(row))
            .Select(score => score.NegativeLogLikelihood.ToString("R", CultureInfo.InvariantCulture) + " nats")];
    }

    private static string RunSecondProcess(string path, IReadOnlyList<CorpusRow> rows)
    {
        string host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
            start.ArgumentList.Add(typeof(ReloadStep).Assembly.Location);
        start.ArgumentList.Add("score");
        start.ArgumentList.Add(path);
        using Process process = Process.Start(start)!;
        foreach (CorpusRow row in rows)
            process.StandardInput.WriteLine(row.Text);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(
            $"The second process ended with exit code {process.ExitCode}.");
    }

    private sealed class ScoredRow
    {
        public float NegativeLogLikelihood { get; set; }
    }
}
