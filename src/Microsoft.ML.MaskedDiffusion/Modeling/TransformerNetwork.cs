using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// The transformer of <see cref="TransformerConfig"/> under SMDM's tensor names. In 32-bit floats on the processor it runs on our own kernels, where each row's
/// result is the same in every batch and backward passes add straight to the parameters' <c>grad</c>; on any other device or type on torch's operators.
/// Inference is thread-safe as long as nobody changes the weights.
/// </summary>
internal sealed unsafe partial class TransformerNetwork : IDisposable
{
    private readonly OrderedDictionary<string, Parameter> _parameters = new();
    private readonly BufferPool _pool = new();
    private readonly RotaryTable _rotary;
    private readonly KernelNetwork? _kernels;
    private readonly NetworkWeights? _weights;
    private readonly Tensor? _cosines;
    private readonly Tensor? _sines;
    private readonly UseCount _uses;
    private bool _rounded;
    private bool _recomputes;

    /// <summary>A network whose weights are zero until <see cref="Initialize"/> or a file sets them.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="dtype">The numbers' type.</param>
    /// <param name="composed">Takes the way of GPUs, one operator after the other, on the processor too: for tests.</param>
    public TransformerNetwork(TransformerConfig config, Device device, ScalarType dtype = ScalarType.Float32, bool composed = false)
    {
        config.Validate();
        if (dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "A network's numbers are Float32, Float64, BFloat16 or Float16.");
        NativeRuntime.EnsureLoaded();
        _uses = new UseCount(Free);
        Config = config;
        Device = device;
        Type = dtype;
        _rotary = new RotaryTable(config.ContextLength, config.HeadSize, config.RotaryPrecision);
        foreach ((string name, long[] shape) in ParameterShapes(config))
        {
            using Tensor values = zeros(shape, dtype, device);
            Parameter parameter = new(values);
            parameter.DetachFromDisposeScope();
            _parameters.Add(name, parameter);
        }
        if (dtype == ScalarType.Float32 && device.type == DeviceType.CPU && !composed)
        {
            _kernels = new KernelNetwork(config, _rotary, _pool);
            _weights = Addresses(parameter => TensorMemory.Floats(parameter));
            return;
        }
        _cosines = Table(_rotary.Cosines);
        _sines = Table(_rotary.Sines);
    }

    public TransformerConfig Config { get; }

    public Device Device { get; }

    public ScalarType Type { get; }

    /// <summary>The arithmetic of forward and backward passes: a training sets it for its time, and not between a forward pass and its backward pass. Networks of 32-bit floats have the choice.</summary>
    public Precision Precision
    {
        get => _rounded ? Precision.BFloat16Mixed : Precision.Float32;
        set
        {
            if (value != Precision.Float32 && Type != ScalarType.Float32)
                throw new ArgumentOutOfRangeException(nameof(value), value, $"Mixed precision keeps 32-bit weights; this network's are {Type}.");
            _rounded = value == Precision.BFloat16Mixed;
            if (_kernels is not null)
                _kernels.Rounded = _rounded;
        }
    }

    /// <summary>Whether later forward passes keep little for their backward passes, which then compute the rest again.</summary>
    public bool ActivationCheckpointing
    {
        get => _recomputes;
        set
        {
            _recomputes = value;
            if (_kernels is not null)
                _kernels.Recomputes = value;
        }
    }

    /// <summary>All weights by SMDM's names, in its order.</summary>
    public IReadOnlyDictionary<string, Parameter> Parameters => _parameters;

    /// <summary>The names and shapes of a configuration's weights, without a network.</summary>
    public static IEnumerable<(string Name, long[] Shape)> ParameterShapes(TransformerConfig config)
    {
        long d = config.EmbeddingSize, f = config.FeedForwardSize;
        yield return ("lm_head.weight", [config.VocabularySize, d]);
        yield return ("transformer.wte.weight", [config.EmbeddingRowCount, d]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = LayerPrefix(i);
            yield return (layer + "norm_1.weight", [d]);
            yield return (layer + "attn.attn.weight", [3 * d, d]);
            yield return (layer + "attn.proj.weight", [d, d]);
            yield return (layer + "norm_2.weight", [d]);
            yield return (layer + "mlp.swiglu.w1.weight", [f, d]);
            yield return (layer + "mlp.swiglu.w2.weight", [f, d]);
            yield return (layer + "mlp.swiglu.w3.weight", [d, f]);
        }
        yield return ("transformer.ln_f.weight", [d]);
    }

    /// <summary>
    /// SMDM's initialisation: matrices Normal(0, sqrt(2 / (5 d))), the two that write to the residual stream Normal(0, 1 / (sqrt(d) L)), gains 1. Each tensor
    /// has a random stream of its own, by its name.
    /// </summary>
    public void Initialize(ulong seed)
    {
        double d = Config.EmbeddingSize;
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        foreach ((string name, Parameter parameter) in _parameters)
        {
            if (parameter.dim() == 1)
            {
                parameter.fill_(1);
                continue;
            }
            double deviation = name.EndsWith("attn.proj.weight", StringComparison.Ordinal) || name.EndsWith("w3.weight", StringComparison.Ordinal)
                ? 1 / (Math.Sqrt(d) * Config.LayerCount)
                : Math.Sqrt(2 / (5 * d));
            var random = new CounterRandom(seed, ContentKey.Of(name), RandomPurpose.Initialization);
            Tensor draws = empty(parameter.shape, ScalarType.Float32);
            float* values = TensorMemory.Floats(draws);
            Workers.Rows(draws.NumberOfElements, 1 << 16, (first, last) => random.FillNormal(new Span<float>(values + first, (int)(last - first)), deviation, (ulong)first / 4));
            parameter.copy_(draws);
        }
    }

    /// <summary>The states after the final norm, [batch, length, d], for tokens [batch, length] of Int64.</summary>
    public Tensor Hidden(Tensor tokens)
    {
        _uses.Enter(this);
        try
        {
            Check(tokens);
            if (_kernels is null)
                return TorchHidden(tokens, null);
            return is_grad_enabled() && Anchor() is { } anchor ? HiddenFunction.apply(this, tokens, anchor) : Infer(tokens, null);
        }
        finally
        {
            _uses.Exit();
        }
    }

    /// <summary>The vocabulary's logits [..., V] of states [..., d]. Rows are independent: pass only those that are needed.</summary>
    public Tensor Logits(Tensor hidden)
    {
        _uses.Enter(this);
        try
        {
            if (hidden.dim() < 1 || hidden.shape[^1] != Config.EmbeddingSize)
                throw new ArgumentException($"States have {Config.EmbeddingSize} numbers in their last dimension, not [{string.Join(", ", hidden.shape)}].", nameof(hidden));
            return Linear(hidden, "lm_head.weight");
        }
        finally
        {
            _uses.Exit();
        }
    }

    /// <summary>The cross-entropy in nats, [n], of the logits of states [n, d] with a target each, without two times the memory of the logits.</summary>
    public Tensor CrossEntropy(Tensor hidden, Tensor targets)
    {
        _uses.Enter(this);
        try
        {
            Parameter head = _parameters["lm_head.weight"];
            if (_kernels is not null)
                return Fused.VocabularyLoss(hidden, head, targets, _rounded, _recomputes, _pool);
            return Recomputed(inputs => Fused.CrossEntropy(Logits(inputs[0]), inputs[1]), hidden, targets);
        }
        finally
        {
            _uses.Exit();
        }
    }

    /// <summary>The logits of all positions, [batch, length, V].</summary>
    public Tensor Forward(Tensor tokens)
    {
        using Tensor hidden = Hidden(tokens);
        return Logits(hidden);
    }

    /// <summary>Takes over the weights of a network of the same shape.</summary>
    public void CopyFrom(TransformerNetwork other)
    {
        other._uses.Enter(other);
        try
        {
            using IDisposable noGradient = no_grad();
            foreach ((string name, Parameter parameter) in _parameters)
                parameter.copy_(other._parameters[name]);
        }
        finally
        {
            other._uses.Exit();
        }
    }

    /// <summary>Sets all gradients to zero, in place where they exist.</summary>
    public void ZeroGradients()
    {
        // zero_ gives a second tensor of the same memory, unlike torch's other operations in place.
        using var scope = NewDisposeScope();
        foreach (Parameter parameter in _parameters.Values)
            parameter.grad?.zero_();
    }

    /// <summary>Gives the memory back that was kept for the next training step.</summary>
    public void Trim()
    {
        _pool.Trim();
        NativeHeap.GiveBack();
    }

    /// <summary>Frees the memory when the last running call has ended; later calls throw.</summary>
    public void Dispose() => _uses.Close();

    private void Free()
    {
        foreach (Parameter parameter in _parameters.Values)
            parameter.Dispose();
        _cosines?.Dispose();
        _sines?.Dispose();
        _pool.Dispose();
        NativeHeap.GiveBack();
    }

    internal static string LayerPrefix(int layer) => $"transformer.h.{layer}.";

    internal (Tensor Hidden, ForwardTape Tape) Record(Tensor tokens)
    {
        using Tensor dense = tokens.contiguous();
        Tensor hidden = empty(tokens.size(0), tokens.size(1), Config.EmbeddingSize);
        return (hidden, _kernels!.Forward(_weights!, TensorMemory.Integers(dense), (int)tokens.size(0), (int)tokens.size(1), TensorMemory.Floats(hidden)));
    }

    internal void Backward(ForwardTape tape, Tensor dHidden)
    {
        using Tensor dense = dHidden.contiguous();
        NetworkWeights gradients = Addresses(parameter => parameter.requires_grad ? Gradients.Address(parameter) : null);
        _kernels!.Backward(_weights!, gradients, tape, TensorMemory.Floats(dense));
    }

    // [length, 1, h / 2], so that it spreads over heads; in at least 32 bits.
    private Tensor Table(float[] values)
    {
        using var scope = NewDisposeScope();
        return tensor(values, [_rotary.Length, 1, _rotary.Half]).to(Type == ScalarType.Float64 ? Type : ScalarType.Float32, Device).DetachFromDisposeScope();
    }

    private Parameter? Anchor()
    {
        foreach (Parameter parameter in _parameters.Values)
            if (parameter.requires_grad)
                return parameter;
        return null;
    }

    private void Check(Tensor tokens)
    {
        if (tokens.dim() != 2 || tokens.dtype != ScalarType.Int64)
            throw new ArgumentException($"Tokens are [batch, length] of Int64, not [{string.Join(", ", tokens.shape)}] of {tokens.dtype}.", nameof(tokens));
        if (tokens.size(0) < 1 || tokens.size(1) < 1 || tokens.size(1) > Config.ContextLength)
            throw new ArgumentOutOfRangeException(nameof(tokens), tokens.size(1), $"{tokens.size(0)} sequences of {tokens.size(1)} tokens; a sequence has 1 to ContextLength {Config.ContextLength} tokens.");
        if (tokens.device_type != Device.type)
            throw new ArgumentException($"Tokens are on {tokens.device}, the network is on {Device}.", nameof(tokens));
        using Tensor low = tokens.min(), high = tokens.max();
        long least = low.item<long>(), most = high.item<long>();
        if (least < 0 || most >= Config.EmbeddingRowCount)
            throw new ArgumentOutOfRangeException(nameof(tokens), least < 0 ? least : most, $"Token ids are 0 to {Config.EmbeddingRowCount - 1}.");
    }

    private delegate float* AddressOf(Parameter parameter);

    private NetworkWeights Addresses(AddressOf address)
    {
        float* Of(string name) => address(_parameters[name]);
        var layers = new LayerWeights[Config.LayerCount];
        for (int i = 0; i < layers.Length; i++)
        {
            string layer = LayerPrefix(i);
            layers[i] = new LayerWeights(Of(layer + "norm_1.weight"), Of(layer + "attn.attn.weight"), Of(layer + "attn.proj.weight"), Of(layer + "norm_2.weight"),
                Of(layer + "mlp.swiglu.w1.weight"), Of(layer + "mlp.swiglu.w2.weight"), Of(layer + "mlp.swiglu.w3.weight"));
        }
        return new NetworkWeights(Of("transformer.wte.weight"), layers, Of("transformer.ln_f.weight"));
    }

    /// <summary>The same on torch's operators, for every device and type: [batch, length, d], or [n, d] at the <paramref name="asked"/> positions only.</summary>
    private Tensor TorchHidden(Tensor tokens, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        long batch = tokens.size(0), length = tokens.size(1);
        Tensor cos = _cosines!.narrow(0, 0, length), sin = _sines!.narrow(0, 0, length);
        Tensor[] tables = Config.Autoregressive ? [cos, sin, ones(length, length, ScalarType.Bool, Device).triu(1)] : [cos, sin];
        Tensor x = _parameters["transformer.wte.weight"].index_select(0, tokens.reshape(-1));
        for (int i = 0; i < Config.LayerCount; i++)
        {
            string layer = LayerPrefix(i);
            Tensor? seen = i == Config.LayerCount - 1 ? asked : null;
            x = Recomputed(inputs => Block(inputs, layer, batch, length, seen), [x, .. tables]);
        }
        Tensor last = Fused.RmsNorm(x, _parameters["transformer.ln_f.weight"], Config.NormEpsilon);
        return (asked is null ? last.view(batch, length, Config.EmbeddingSize) : last).MoveToOuterDisposeScope();
    }

    // From the residual stream [batch * length, d], the tables and, in an autoregressive network, what a position does not see.
    // Of the last block only the asked positions are looked at again, if some are.
    private Tensor Block(Tensor[] inputs, string layer, long batch, long length, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        long heads = Config.HeadCount, size = Config.HeadSize;
        Tensor x = inputs[0], cos = inputs[1], sin = inputs[2];
        Tensor normed = Fused.RmsNorm(x, _parameters[layer + "norm_1.weight"], Config.NormEpsilon);
        Tensor qkv = Linear(normed, layer + "attn.attn.weight").view(batch, length, heads, 3 * size);
        Tensor Part(int part) => qkv.narrow(3, part * size, size);
        Tensor query = Fused.Rotary(Part(0), cos, sin).transpose(1, 2), key = Fused.Rotary(Part(1), cos, sin).transpose(1, 2), value = Part(2).transpose(1, 2);
        Tensor scores = Product(query, key.transpose(-2, -1)) * (1 / Math.Sqrt(size));
        if (Config.Autoregressive)
            scores = scores.masked_fill(inputs[3], double.NegativeInfinity);
        Tensor mixed = Product(scores.softmax(-1), value).transpose(1, 2).reshape(batch * length, heads * size);
        if (asked is not null)
            (x, mixed) = (x.index_select(0, asked), mixed.index_select(0, asked));
        x = x + Linear(mixed, layer + "attn.proj.weight");
        normed = Fused.RmsNorm(x, _parameters[layer + "norm_2.weight"], Config.NormEpsilon);
        Tensor gated = Fused.SwiGlu(Linear(normed, layer + "mlp.swiglu.w1.weight"), Linear(normed, layer + "mlp.swiglu.w2.weight"));
        return (x + Linear(gated, layer + "mlp.swiglu.w3.weight")).MoveToOuterDisposeScope();
    }

    private Tensor Linear(Tensor x, string weight) => Fused.Linear(x, _parameters[weight], _rounded);

    private Tensor Product(Tensor a, Tensor b) =>
        _rounded ? matmul(a.to(ScalarType.BFloat16), b.to(ScalarType.BFloat16)).to(ScalarType.Float32) : matmul(a, b);

    private Tensor Recomputed(Func<Tensor[], Tensor> body, params Tensor[] inputs) =>
        _recomputes && is_grad_enabled() && Anchor() is { } anchor ? RecomputedFunction.apply([body, anchor, .. inputs]) : body(inputs);
}
