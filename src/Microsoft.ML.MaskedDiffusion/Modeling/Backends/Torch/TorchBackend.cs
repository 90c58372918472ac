using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>
/// A network on torch's operators, for GPUs and for types other than 32-bit floats. Forward and backward passes never read a device's
/// memory back, so that a GPU is given its next work while it still computes; only <see cref="LogProbabilities"/> returns numbers to the
/// processor. Results of a row in different batches are equal within rounding.
/// </summary>
internal sealed class TorchBackend : INetworkBackend
{
    private readonly TransformerConfig _config;
    private readonly IReadOnlyDictionary<string, Parameter> _parameters;
    private readonly Device _device;
    private readonly BackwardPass _pass;
    private readonly Dictionary<RotaryTable, (Tensor Cosines, Tensor Sines)> _turns = [];
    private readonly RotaryTables _tables;

    /// <param name="config">The network's shape.</param>
    /// <param name="parameters">
    /// Its parameters by name, all of <paramref name="type"/> on <paramref name="device"/>, but for the gains and biases beside 8-bit
    /// matrices, which are 32-bit floats.
    /// </param>
    /// <param name="device">Where to compute.</param>
    /// <param name="type">The parameters' type.</param>
    /// <param name="pass">Gets the failures of backward passes.</param>
    public TorchBackend(
        TransformerConfig config, IReadOnlyDictionary<string, Parameter> parameters, Device device, ScalarType type, BackwardPass pass)
    {
        _config = config;
        _parameters = parameters;
        _device = device;
        Type = type == ScalarType.Int8 ? ScalarType.Float32 : type;
        _pass = pass;
        SummarizesLogits = device.type != TorchSharp.DeviceType.CPU;
        _tables = new RotaryTables(config);
        Masks = new TorchMasks(device);
        ScalarType tableType = type == ScalarType.Float64 ? type : ScalarType.Float32;
        foreach (RotaryTable table in Enumerable.Range(0, config.LayerCount).Select(_tables.Of).Distinct())
            _turns.Add(table, (Table(table, table.Cosines), Table(table, table.Sines)));

        // [length, 1, h / 2], so that it spreads over heads.
        Tensor Table(RotaryTable table, float[] values)
        {
            using var scope = NewDisposeScope();
            return tensor(values, [table.Length, 1, table.Half]).to(tableType, device).DetachFromDisposeScope();
        }
    }

    /// <summary>Where it computes.</summary>
    internal Device Device => _device;

    /// <summary>The type of arithmetic: the parameters', or that to which 8-bit ones are widened when they are used.</summary>
    internal ScalarType Type { get; }

    /// <summary>The scales of the rows of 8-bit matrices, by the matrices' names; none for other types.</summary>
    public IReadOnlyDictionary<string, Tensor> Scales { get; init; } = new Dictionary<string, Tensor>();

    /// <summary>Which positions see which, as tensors.</summary>
    internal TorchMasks Masks { get; }

    public Precision Precision { get; set; }

    public AttentionPattern? Attention { get; set; }

    public bool ActivationCheckpointing { get; set; }

    /// <summary>
    /// Logits that exist at once, 2^24 by default: 64 MB in 32 bits. Cross-entropy takes the rows in slices of so many logits and computes
    /// a slice's logits again in the backward pass. Each slice adds its part to the output layer's gradient.
    /// </summary>
    public long SliceLogits { get; init; } = 1 << 24;

    /// <summary>
    /// Computes attention from queries, keys and values, whether it is causal and whether it is rounded:
    /// <see cref="TorchOperators.Attention"/>, unless a test runs on a device for which libtorch has no fused attention.
    /// </summary>
    public Func<Tensor, Tensor, Tensor, bool, bool, Tensor> FusedAttention { get; init; } = TorchOperators.Attention;

    /// <summary>Whether sessions summarize logits on the device: on all but the processor, unless a test asks for it.</summary>
    public bool SummarizesLogits { get; init; }

    internal bool IsRounded => Precision == Precision.BFloat16Mixed;

    internal int SliceRows => (int)Math.Clamp(SliceLogits / _config.VocabularySize, 1, int.MaxValue);

    public Tensor Hidden(TokenRows tokens) => Run(tokens, null);

    public Tensor HiddenAt(TokenRows tokens, long[] places)
    {
        using var scope = NewDisposeScope();
        Tensor asked = Upload.Integers(places, _device);
        return Run(tokens, asked).MoveToOuterDisposeScope();
    }

    public Tensor Logits(Tensor states)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        return TorchOperators.Widen(Output(states)).MoveToOuterDisposeScope();
    }

    public Tensor CrossEntropy(Tensor states, long[] targets)
    {
        using var scope = NewDisposeScope();
        Tensor ids = Upload.Integers(targets, _device);
        if (targets.Length <= SliceRows)
            return (ActivationCheckpointing ? Recomputed(Loss, states, ids) : Loss([states, ids])).MoveToOuterDisposeScope();
        IEnumerable<Tensor> slices = states.split(SliceRows).Zip(ids.split(SliceRows), (part, partIds) => Recomputed(Loss, part, partIds));
        return cat([.. slices]).MoveToOuterDisposeScope();

        Tensor Loss(Tensor[] inputs)
        {
            using Tensor logits = Output(inputs[0]);
            return TorchOperators.CrossEntropy(logits, inputs[1]);
        }
    }

    public Tensor HybridLoss(Tensor states, HybridTerm[] terms)
    {
        if (terms.Length == 0)
            return states.sum(1);
        using var scope = NewDisposeScope();
        long[] ids = [.. terms.SelectMany(term => new long[] { term.Target, term.Seen })];
        double[] numbers = [.. terms.SelectMany(term => new[] { term.Ratio, term.DivergenceWeight, term.RatioWeight })];
        Tensor[] inputs =
            [states, Upload.Integers(ids, [terms.Length, 2], _device), Upload.Doubles(numbers, [terms.Length, 3], _device)];
        // The logits of a slice exist in 64 bits, more than once.
        int rows = Math.Max(1, SliceRows / 4);
        Tensor[][] slices = [.. inputs.Select(input => input.split(rows))];
        Tensor[] losses = [.. Enumerable.Range(0, slices[0].Length).Select(
            i => Recomputed(Loss, slices[0][i], slices[1][i], slices[2][i]))];
        return cat(losses).MoveToOuterDisposeScope();

        Tensor Loss(Tensor[] part)
        {
            using Tensor logits = Output(part[0]);
            using Tensor tokens = logits.narrow(1, 0, _config.TextVocabularySize);
            using Tensor losses = TorchOperators.HybridLoss(tokens, _config.PredictedMaskTokenId, part[1], part[2]);
            return losses.to(Type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
        }
    }

    public void LogProbabilities(
        Tensor states, Tensor? unconditional, double guidanceScale, int[] rows, int[] targets, Span<double> destination)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        long[] ids = Array.ConvertAll(targets, target => (long)target);
        TokenRows.RequireIds(ids, _config.TextVocabularySize, nameof(targets));
        int[] queries = [.. Enumerable.Range(0, rows.Length).OrderBy(query => rows[query])];
        var losses = new List<Tensor>();
        for (int from = 0; from < queries.Length;)
        {
            using var slice = NewDisposeScope();
            int first = rows[queries[from]], count = (int)Math.Min(SliceRows, states.size(0) - first);
            int[] part = [.. queries.Skip(from).TakeWhile(query => rows[query] < first + count)];
            Tensor logits = Logits(states.narrow(0, first, count));
            if (unconditional is not null)
                logits = LogitGuidance.Combine(logits, Logits(unconditional.narrow(0, first, count)), guidanceScale);
            logits = logits.narrow(1, 0, _config.TextVocabularySize);
            Tensor asked = logits.index_select(0, Upload.Integers(Array.ConvertAll(part, query => (long)rows[query] - first), _device));
            Tensor loss = TorchOperators.CrossEntropy(asked, Upload.Integers(Array.ConvertAll(part, query => ids[query]), _device));
            losses.Add(loss.to(ScalarType.Float64).MoveToOuterDisposeScope());
            from += part.Length;
        }
        if (losses.Count == 0)
            return;
        using TensorAccessor<double> values = cat(losses).cpu().data<double>();
        for (int i = 0; i < queries.Length; i++)
            destination[queries[i]] = -values[i];
    }

    public INetworkSession OpenSession(UseCount.Use network) => new TorchSession(_config, this, network);

    public void Trim()
    {
        // Nothing is kept here: torch reuses its own memory.
    }

    public void Dispose()
    {
        foreach ((Tensor cosines, Tensor sines) in _turns.Values)
        {
            cosines.Dispose();
            sines.Dispose();
        }
        Masks.Dispose();
    }

    // States [rows, length, d], or [n, d] at the asked places only.
    private Tensor Run(TokenRows tokens, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        Tensor x = Embed(tokens.Ids);
        AttentionPattern? attention = Attention;
        bool[] kinds = [.. Enumerable.Range(0, _config.LayerCount).Select(_config.IsLocal).Distinct()];
        Dictionary<bool, Tensor?> masks = kinds.ToDictionary(
            isLocal => isLocal, isLocal => Masks.Of(AttentionPattern.ReachOf(_config, isLocal, attention, tokens.Blocks), tokens.Length));
        for (int i = 0; i < _config.LayerCount; i++)
        {
            int layer = i;
            Tensor? mask = masks[_config.IsLocal(i)];
            bool isMasked = mask is not null, isAsked = asked is not null && i == _config.LayerCount - 1;
            // The mask and the places go along as inputs, so that they live as long as the graph.
            Tensor[] given = [x, .. isMasked ? [mask!] : Array.Empty<Tensor>(), .. isAsked ? [asked!] : Array.Empty<Tensor>()];
            Tensor Layer(Tensor[] inputs) =>
                Block(inputs[0], layer, tokens, attention, isMasked ? inputs[1] : null, isAsked ? inputs[^1] : null);
            x = ActivationCheckpointing ? Recomputed(Layer, given) : Layer(given);
        }
        Tensor last = Predict(x);
        return (asked is null ? last.view(tokens.Count, tokens.Length, _config.EmbeddingSize) : last).MoveToOuterDisposeScope();
    }

    // The tables' rows [length, 1, h / 2] of a row's positions, where a text may stand twice.
    private (Tensor Cosines, Tensor Sines) TurnsOf(int layer, long length, int? textLength)
    {
        (Tensor cosines, Tensor sines) = _turns[_tables.Of(layer)];
        return (Rows(cosines), Rows(sines));

        Tensor Rows(Tensor table)
        {
            if (textLength is not { } text)
                return table.narrow(0, 0, length);
            using Tensor once = table.narrow(0, 0, text);
            return cat([once, once]);
        }
    }

    // One block on the residual stream [batch * length, d], with the mask of what it sees where there is one. With asked places (of the
    // last block), only their rows are computed after attention.
    private Tensor Block(Tensor x, int layer, TokenRows tokens, AttentionPattern? attention, Tensor? mask, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        (Tensor cosines, Tensor sines) = TurnsOf(layer, tokens.Length, attention?.TextLength);
        (Tensor query, Tensor key, Tensor value) = Project(x, layer, tokens.Count, tokens.Length, cosines, sines);
        (key, value) = (ForEveryHead(key), ForEveryHead(value));
        Tensor mixed = mask is not null
            ? TorchOperators.AttentionOver(query, key, value, mask, IsRounded)
            : FusedAttention(query, key, value, attention?.IsCausal ?? _config.Autoregressive, IsRounded);
        mixed = mixed.transpose(1, 2).reshape(tokens.Ids.Length, _config.QuerySize);
        return Finish(x, mixed, TransformerNetwork.LayerPrefix(layer), asked).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Queries [batch, heads, length, h], and keys and values [batch, key heads, length, h], of a residual stream [batch * length, d];
    /// queries and keys are turned by the tables' rows [length or batch * length, 1, h / 2].
    /// </summary>
    internal (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, int layer, long batch, long length, Tensor cos, Tensor sin)
    {
        using var scope = NewDisposeScope();
        string prefix = TransformerNetwork.LayerPrefix(layer);
        long groups = _config.KeyValueHeadCount, share = _config.HeadCount / groups, size = _config.HeadSize;
        Tensor normed = layer == 0 && _config.HasEmbeddingNorm ? x : Norm(x, prefix + "norm_1.weight");
        Tensor qkv = Linear(normed, prefix + "attn.attn.weight");
        if (_config.HasAttentionBias)
            qkv = qkv.Plus(_parameters[prefix + "attn.attn.bias"]);
        // Group by group: the queries of a group's heads, its key, its value.
        qkv = qkv.view(-1, cos.size(0), groups, (share + 2) * size);
        return (Turned(0, share, "q"), Turned(share, 1, "k"), Apart(Part(share + 1, 1)));

        Tensor Part(long first, long count) => qkv.narrow(3, first * size, count * size).reshape(-1, cos.size(0), groups * count, size);

        Tensor Apart(Tensor heads) =>
            heads.reshape(batch, length, -1, size).transpose(1, 2).MoveToOuterDisposeScope();

        Tensor Turned(long first, long count, string name)
        {
            Tensor heads = Part(first, count);
            if (_config.HasQueryKeyNorm)
                heads = TorchOperators.RmsNorm(heads, _parameters[$"{prefix}attn.norm_{name}.weight"], _config.NormEpsilon);
            return Apart(TorchOperators.Rotary(heads, cos, sin));
        }
    }

    /// <summary>Keys or values [batch, key heads, length, h] once for every head that uses them.</summary>
    internal Tensor ForEveryHead(Tensor keys)
    {
        long share = _config.HeadCount / _config.KeyValueHeadCount;
        if (share == 1)
            return keys;
        using var scope = NewDisposeScope();
        return keys.unsqueeze(2).expand(-1, -1, share, -1, -1).flatten(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>What a block does after attention, at all places or at the asked ones.</summary>
    internal Tensor Finish(Tensor x, Tensor mixed, string layer, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        if (asked is not null)
            (x, mixed) = (x.index_select(0, asked), mixed.index_select(0, asked));
        x = x.Plus(Linear(mixed, layer + "attn.proj.weight"));
        Tensor normed = Norm(x, layer + "norm_2.weight");
        Tensor gate = Linear(normed, layer + "mlp.swiglu.w1.weight"), up = Linear(normed, layer + "mlp.swiglu.w2.weight");
        Tensor gated = TorchOperators.Gate(gate, up, _config.Activation);
        return x.Plus(Linear(gated, layer + "mlp.swiglu.w3.weight")).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream [n, d] before the first block.</summary>
    internal Tensor Embed(long[] ids)
    {
        using var scope = NewDisposeScope();
        // Indexing adds the gradients of equal ids in a fixed order; index_select would add them in any order on a GPU.
        Tensor rows = Upload.Integers(ids, _device), x = _parameters[TransformerNetwork.EmbeddingName].index(rows);
        if (Scales.TryGetValue(TransformerNetwork.EmbeddingName, out Tensor? scales))
            x = QuantizedRows.Widen(x, scales.index(rows));
        return (_config.HasEmbeddingNorm ? Norm(x, TransformerNetwork.EmbeddingNormName) : x).MoveToOuterDisposeScope();
    }

    /// <summary>The states that the output layer reads, given the residual stream after the last block.</summary>
    internal Tensor Predict(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor states = Norm(x, TransformerNetwork.FinalNormName);
        if (_config.HasPredictionHead)
            states = Norm(nn.functional.gelu(Linear(states, TransformerNetwork.HeadDenseName)), TransformerNetwork.HeadNormName);
        return states.MoveToOuterDisposeScope();
    }

    /// <summary>A block's rotary tables' rows [n, 1, h / 2] of positions.</summary>
    internal (Tensor Cosines, Tensor Sines) TurnsAt(int layer, Tensor positions)
    {
        (Tensor cosines, Tensor sines) = _turns[_tables.Of(layer)];
        return (cosines.index_select(0, positions), sines.index_select(0, positions));
    }

    /// <summary>The norm with one of the network's gains.</summary>
    internal Tensor Norm(Tensor x, string gain) => _config.Norm == NormKind.Layer
        ? TorchOperators.LayerNorm(x, _parameters[gain], _config.NormEpsilon)
        : TorchOperators.RmsNorm(x, _parameters[gain], _config.NormEpsilon);

    /// <summary>x W^T with one of the network's matrices.</summary>
    internal Tensor Linear(Tensor x, string weight)
    {
        using var scope = NewDisposeScope();
        return TorchOperators.Linear(x, Matrix(weight, _parameters[weight].size(0)), IsRounded).MoveToOuterDisposeScope();
    }

    // The first rows of a matrix, in the type of arithmetic.
    private Tensor Matrix(string name, long rows)
    {
        Tensor matrix = _parameters[name];
        if (rows < matrix.size(0))
            matrix = matrix.narrow(0, 0, rows);
        return Scales.TryGetValue(name, out Tensor? scales) ? QuantizedRows.Widen(matrix, scales.narrow(0, 0, rows)) : matrix;
    }

    // The logits of states, in the type of the network or of its precision.
    private Tensor Output(Tensor states)
    {
        using var scope = NewDisposeScope();
        Tensor weight = Matrix(
            _config.TiesEmbeddings ? TransformerNetwork.EmbeddingName : TransformerNetwork.HeadName, _config.VocabularySize);
        Tensor logits = TorchOperators.Linear(states, weight, IsRounded);
        if (_config.HasPredictionHead)
            logits = logits.Plus(_parameters[TransformerNetwork.HeadBiasName]);
        return logits.MoveToOuterDisposeScope();
    }

    // The body's result; where gradients are wanted, its inner results are not kept but computed again in the backward pass.
    private Tensor Recomputed(Func<Tensor[], Tensor> body, params Tensor[] inputs)
    {
        if (!is_grad_enabled() || _parameters.Values.FirstOrDefault(parameter => parameter.requires_grad) is not { } anchor)
            return body(inputs);
        return RecomputedFunction.apply([_pass, body, anchor, .. inputs]);
    }
}
