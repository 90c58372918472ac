using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// A network on the processor, on our own kernels: each row's result has the same bits in every batch, and backward passes add straight to
/// the parameters' <c>grad</c>. Matrices of narrow numbers are for inference alone, whose arithmetic is in 32 bits all the same.
/// </summary>
internal sealed unsafe class CpuBackend : INetworkBackend
{
    private readonly BufferPool _pool = new();
    private readonly TransformerConfig _config;
    private readonly IReadOnlyDictionary<string, Parameter> _parameters;
    private readonly OutputLayer _head;
    private readonly UseCount _uses;
    private readonly BackwardPass _pass;
    private readonly RotaryTables _tables;
    private readonly KernelNetwork _kernels;
    private readonly NetworkWeights _weights;

    /// <param name="config">The network's shape.</param>
    /// <param name="parameters">
    /// Its parameters by name, contiguous and on the processor: 32-bit floats, or matrices of narrow numbers that want no gradients.
    /// </param>
    /// <param name="scales">The scales of the rows of 8-bit matrices, by the matrices' names.</param>
    /// <param name="uses">Keeps the parameters alive during a backward pass, which the network itself does not see.</param>
    /// <param name="pass">Gets the failures of backward passes.</param>
    public CpuBackend(
        TransformerConfig config, IReadOnlyDictionary<string, Parameter> parameters, IReadOnlyDictionary<string, Tensor> scales,
        UseCount uses, BackwardPass pass)
    {
        _config = config;
        _parameters = parameters;
        string head = config.TiesEmbeddings ? TransformerNetwork.EmbeddingName : TransformerNetwork.HeadName;
        _head = new OutputLayer(
            parameters[head], parameters.GetValueOrDefault(TransformerNetwork.HeadBiasName), config.VocabularySize)
        {
            Scales = scales.GetValueOrDefault(head),
        };
        _uses = uses;
        _pass = pass;
        _tables = new RotaryTables(config);
        _kernels = new KernelNetwork(config, _tables, _pool);
        _weights = new NetworkWeights(
            parameters, config.LayerCount, (name, parameter) => WeightMatrix.Of(parameter, scales.GetValueOrDefault(name)));
    }

    public Precision Precision
    {
        get => _kernels.Rounded ? Precision.BFloat16Mixed : Precision.Float32;
        set => _kernels.Rounded = value == Precision.BFloat16Mixed;
    }

    public AttentionPattern? Attention
    {
        get => _kernels.Attention;
        set => _kernels.Attention = value;
    }

    public bool ActivationCheckpointing
    {
        get => _kernels.Recomputes;
        set => _kernels.Recomputes = value;
    }

    public Tensor Hidden(TokenRows tokens)
    {
        if (Anchor() is { } anchor)
            return HiddenFunction.apply(_pass, this, tokens, anchor, null!);
        Tensor states = empty(tokens.Count, tokens.Length, _config.EmbeddingSize, dtype: ScalarType.Float32);
        _kernels.Infer(_weights, tokens, null, TensorMemory.Floats(states));
        return states;
    }

    public Tensor HiddenAt(TokenRows tokens, long[] places)
    {
        if (places.Length > 0 && Anchor() is { } anchor)
            return HiddenFunction.apply(_pass, this, tokens, anchor, places);
        Tensor states = empty(places.Length, _config.EmbeddingSize, dtype: ScalarType.Float32);
        if (places.Length > 0)
            _kernels.Infer(_weights, tokens, places, TensorMemory.Floats(states));
        return states;
    }

    public Tensor Logits(Tensor states)
    {
        int width = _config.VocabularySize, d = _config.EmbeddingSize;
        long[] shape = states.shape;
        shape[^1] = width;
        Tensor logits = empty(shape, dtype: ScalarType.Float32);
        using Tensor dense = states.contiguous();
        int rows = checked((int)(states.NumberOfElements / d));
        _head.Multiply(TensorMemory.Floats(dense), _head.Matrix, TensorMemory.Floats(logits), rows, _kernels.Rounded);
        return logits;
    }

    public Tensor CrossEntropy(Tensor states, long[] targets) => targets.Length == 0
        ? states.sum(1)
        : VocabularyLossFunction.Run(
            _pass, states, _head, new TargetCrossEntropy(targets), _kernels.Rounded, _kernels.Recomputes, _pool);

    public Tensor HybridLoss(Tensor states, HybridTerm[] terms) => terms.Length == 0
        ? states.sum(1)
        : VocabularyLossFunction.Run(
            _pass, states, _head, new HybridLoss(terms, _config.TextVocabularySize, _config.PredictedMaskTokenId), _kernels.Rounded,
            _kernels.Recomputes, _pool);

    public void LogProbabilities(
        Tensor states, Tensor? unconditional, double guidanceScale, int[] rows, int[] targets, Span<double> destination)
    {
        float* x = TensorMemory.Floats(states), others = unconditional is null ? null : TensorMemory.Floats(unconditional);
        VocabularyKernels.LogProbabilities(x, others, (float)(1 + guidanceScale), (int)states.size(0), _config.EmbeddingSize,
            _head.Matrix, _head.BiasAddress, _config.TextVocabularySize, rows, targets, destination, _kernels.Rounded);
    }

    public INetworkSession OpenSession(UseCount.Use network)
    {
        MemoryDemand.RequireSession(_config, _head.Weight.dtype);
        return new KernelSession(_config, _tables, _weights, _head, _kernels.Rounded, network);
    }

    public void Trim() => _pool.Trim();

    public void Dispose() => _pool.Dispose();

    /// <summary>
    /// A forward pass, of all places or of <paramref name="places"/>, with what its backward pass needs; the caller owns both.
    /// </summary>
    internal (Tensor Hidden, ForwardTape Tape) Record(TokenRows tokens, long[]? places)
    {
        long d = _config.EmbeddingSize;
        long[] shape = places is null ? [tokens.Count, tokens.Length, d] : [places.Length, d];
        Tensor hidden = empty(shape, dtype: ScalarType.Float32);
        return (hidden, _kernels.Forward(_weights, tokens, places, TensorMemory.Floats(hidden)));
    }

    /// <summary>Adds the gradients of all parameters that want one, given that of the hidden states.</summary>
    internal void Backward(ForwardTape tape, Tensor dHidden)
    {
        using UseCount.Use use = _uses.Enter();
        using Tensor dense = dHidden.contiguous();
        var gradients =
            new NetworkWeights(
                _parameters, _config.LayerCount, (_, parameter) => parameter.requires_grad ? Gradients.Address(parameter) : null);
        _kernels.Backward(_weights, gradients, tape, TensorMemory.Floats(dense));
    }

    // A parameter that ties results to torch's graph; null where no gradient is wanted.
    private Parameter? Anchor() =>
        is_grad_enabled() ? _parameters.Values.FirstOrDefault(parameter => parameter.requires_grad) : null;
}
