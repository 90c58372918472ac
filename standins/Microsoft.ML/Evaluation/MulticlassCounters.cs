namespace Microsoft.ML.Data;

/// <summary>Sums over scored rows from which the metrics of a classifier of several classes are made.</summary>
internal sealed class MulticlassCounters
{
    // Scores are taken for probabilities and held at this floor, so one row adds at most 34.5 nats.
    private const float Epsilon = 1e-15f;

    private readonly float[] _scores;
    private readonly int[] _order;
    private readonly double[] _logLossOfClass;
    private readonly double[] _rowsOfClass;
    private readonly double[] _correctWithin;
    private double _rows;
    private double _correct;
    private double _logLoss;

    public MulticlassCounters(int classes)
    {
        Classes = classes;
        _scores = new float[classes];
        _order = new int[classes];
        _logLossOfClass = new double[classes];
        _rowsOfClass = new double[classes];
        _correctWithin = new double[classes];
        Confusion = new double[classes][];
        for (int i = 0; i < classes; i++) Confusion[i] = new double[classes];
    }

    public int Classes { get; }

    /// <summary>Rows counted by [actual class][predicted class].</summary>
    public double[][] Confusion { get; }

    public double MicroAccuracy => _rows > 0 ? _correct / _rows : 0;

    public double MacroAccuracy
    {
        get
        {
            double sum = 0;
            int classes = 0;
            for (int i = 0; i < Classes; i++)
            {
                if (_rowsOfClass[i] == 0) continue;
                sum += Confusion[i][i] / _rowsOfClass[i];
                classes++;
            }
            return classes > 0 ? sum / classes : 0;
        }
    }

    public double LogLoss => _rows > 0 ? _logLoss / _rows : 0;

    /// <summary>How much of the entropy of the class frequencies the scores take away.</summary>
    public double LogLossReduction
    {
        get
        {
            double entropy = 0;
            foreach (double count in _rowsOfClass)
                if (count > 0) entropy -= count / _rows * Math.Log(count / _rows);
            return (entropy - LogLoss) / entropy;
        }
    }

    public double[] PerClassLogLoss() => [.. _logLossOfClass.Zip(_rowsOfClass, (loss, rows) => rows > 0 ? loss / rows : 0)];

    /// <summary>By k - 1: the share of rows whose class is among the k best scored.</summary>
    public double[] TopKAccuracies()
    {
        var shares = new double[Classes];
        double within = 0;
        for (int i = 0; i < Classes; i++)
        {
            within += _correctWithin[i];
            shares[i] = _rows > 0 ? within / _rows : 0;
        }
        return shares;
    }

    /// <summary>Counts a row; without a label, or with a score that is not finite, the row does not count at all.</summary>
    public void Add(float label, in VBuffer<float> scores)
    {
        if (float.IsNaN(label)) return;
        int actual = (int)label;
        if (actual != label || actual < 0) throw new InvalidOperationException($"The label {label} is not a class: classes are whole numbers from 0.");
        if (scores.Length != Classes) throw new InvalidOperationException($"A row holds {scores.Length} scores, and its column says {Classes}.");
        foreach (float score in scores.GetValues())
            if (!float.IsFinite(score)) return;
        scores.CopyTo(_scores);
        SortByScore();
        int predicted = _order[0];
        double loss = -Math.Log(actual < Classes ? Math.Clamp(_scores[actual], Epsilon, 1) : Epsilon);
        _rows++;
        _logLoss += loss;
        // A class beyond the scores was not known to the model: it only costs.
        if (actual >= Classes) return;
        _rowsOfClass[actual]++;
        _logLossOfClass[actual] += loss;
        Confusion[actual][predicted]++;
        _correctWithin[Array.IndexOf(_order, actual)]++;
        if (predicted == actual) _correct++;
    }

    // Best first; of equal scores the lower class first.
    private void SortByScore()
    {
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        _order.AsSpan().Sort((a, b) => _scores[a] != _scores[b] ? _scores[b].CompareTo(_scores[a]) : a - b);
    }
}
