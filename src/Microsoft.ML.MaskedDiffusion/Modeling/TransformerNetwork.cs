using Microsoft.ML.MaskedDiffusion.Modeling.Backends;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// The transformer of <see cref="TransformerConfig"/>: its parameters under SMDM's tensor names, and a backend that computes with them. For
/// 32-bit floats on the processor that is <see cref="CpuBackend"/>, and for bfloat16 and 8-bit integers there too, with gains and biases in
/// 32 bits and without gradients; on any other device or type it is <see cref="TorchBackend"/>. Inference is thread-safe as long as nobody
/// changes the weights.
/// </summary>
internal sealed partial class TransformerNetwork : IDisposable
{
    private readonly OrderedDictionary<string, Parameter> _parameters;
    private readonly Dictionary<string, Tensor> _scales;
    private readonly BackwardPass _pass;
    private readonly UseCount _uses;
    private readonly INetworkBackend _backend;

    /// <summary>A network whose weights are zero until <see cref="Initialize"/> or a file sets them.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="device">Where the weights are.</param>
    /// <param name="dtype">The matrices' type; Int8 has a scale for each row, and gains and biases in 32 bits.</param>
    /// <param name="torchOperators">Whether torch's operators compute even where our kernels could; tests compare the two.</param>
    public TransformerNetwork(TransformerConfig config, Device device, ScalarType dtype = ScalarType.Float32, bool torchOperators = false)
    {
        config.Validate();
        if (dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Int8))
        {
            throw new ArgumentOutOfRangeException(
                nameof(dtype), dtype, "A network's numbers are Float32, Float64, BFloat16, Float16 or Int8.");
        }
        bool kernels = device.type == DeviceType.CPU && !torchOperators
            && dtype is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Int8;
        MemoryDemand.RequireHolding(config, device, dtype);
        NativeRuntime.EnsureLoaded();
        _uses = new UseCount(nameof(MaskedDiffusionModel), Free);
        (_parameters, _scales, _pass) = (new(), [], new());
        Config = config;
        Device = device;
        Type = dtype;
        bool trainable = dtype != ScalarType.Int8 && (!kernels || dtype == ScalarType.Float32);
        ScalarType gains = kernels || dtype == ScalarType.Int8 ? ScalarType.Float32 : dtype;
        foreach ((string name, long[] shape) in ParameterShapes(config))
        {
            using Tensor values = zeros(shape, shape.Length == 1 ? gains : dtype, device);
            Parameter parameter = new(values, requires_grad: trainable);
            parameter.DetachFromDisposeScope();
            _parameters.Add(name, parameter);
            if (parameter.dtype == ScalarType.Int8)
                _scales.Add(name, zeros([shape[0]], ScalarType.Float32, device).DetachFromDisposeScope());
        }
        _backend = BackendOf(kernels);
    }

    public TransformerConfig Config { get; }

    public Device Device { get; }

    /// <summary>The type of the matrices.</summary>
    public ScalarType Type { get; }

    /// <summary>
    /// The arithmetic of forward and backward passes. A training sets it for its own time, and never between a forward pass and its
    /// backward pass. Only networks of 32-bit floats have the choice.
    /// </summary>
    public Precision Precision
    {
        get => _backend.Precision;
        set
        {
            if (value != Precision.Float32 && Type != ScalarType.Float32)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), value, $"Mixed precision is for networks with 32-bit weights; this network's weights are {Type}.");
            }
            _backend.Precision = value;
        }
    }

    /// <summary>
    /// Which positions see which in forward passes to come, and in their backward passes; null: as the configuration says. A training sets
    /// it for a time.
    /// </summary>
    public AttentionPattern? Attention
    {
        get => _backend.Attention;
        set => _backend.Attention = value;
    }

    /// <inheritdoc cref="INetworkBackend.ActivationCheckpointing"/>
    public bool ActivationCheckpointing
    {
        get => _backend.ActivationCheckpointing;
        set => _backend.ActivationCheckpointing = value;
    }

    /// <summary>All weights by SMDM's names, in its order.</summary>
    public IReadOnlyDictionary<string, Parameter> Parameters => _parameters;

    /// <summary>The scales of the rows of 8-bit matrices, by the matrices' names; none for other types.</summary>
    public IReadOnlyDictionary<string, Tensor> Scales => _scales;

    /// <summary>
    /// The states that the output layer reads, [rows, length, d], with a graph where gradients are wanted: those after the final norm, or
    /// after the prediction head. With <see cref="TransformerConfig.ShiftsLogits"/> each place has the state that predicts it, that of the
    /// place before it in its row (the first its own), unless the network is made causal and predicts the next token.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are longer than the context, or an id is none of the network's.</exception>
    public Tensor Hidden(TokenRows tokens)
    {
        using UseCount.Use use = _uses.Enter();
        Check(tokens);
        if (!IsShifted || tokens.Length == 1)
            return _backend.Hidden(tokens);
        using var scope = NewDisposeScope();
        Tensor states = _backend.Hidden(tokens);
        return cat([states.narrow(1, 0, 1), states.narrow(1, 0, tokens.Length - 1)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The states of <see cref="Hidden"/> at some positions only, [n, d], at the ascending places row * length + position, with a graph
    /// where gradients are wanted. What only other positions would need is left out, of the backward pass too; with
    /// <see cref="CpuBackend"/> each state has the bits that it has in <see cref="Hidden"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// As for <see cref="Hidden"/>, or a place is none of the tokens' or not larger than the one before it.
    /// </exception>
    public Tensor HiddenAt(TokenRows tokens, long[] places)
    {
        using UseCount.Use use = _uses.Enter();
        Check(tokens);
        long least = 0;
        foreach (long place in places)
        {
            if (place < least || place >= tokens.Ids.Length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(places), place, $"Places ascend, without repetition, from 0 to {tokens.Ids.Length - 1}.");
            }
            least = place + 1;
        }
        if (!IsShifted)
            return _backend.HiddenAt(tokens, places);
        var shifted = new ShiftedPlaces(Array.ConvertAll(places, place =>
        {
            int position = (int)(place % tokens.Length);
            return place - position + AttentionPattern.Predictor(Attention, position);
        }));
        if (shifted.AreInOrder)
            return _backend.HiddenAt(tokens, shifted.Computed);
        using var scope = NewDisposeScope();
        // Indexing adds the gradients of equal places in a fixed order.
        Tensor states = _backend.HiddenAt(tokens, shifted.Computed);
        return states.index(Upload.Integers(Array.ConvertAll(shifted.Rows, row => (long)row), Device)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The vocabulary's logits [..., V] of states [..., d] in at least 32 bits, without a graph. Rows are independent: pass only those that
    /// are needed.
    /// </summary>
    public Tensor Logits(Tensor states)
    {
        using UseCount.Use use = _uses.Enter();
        RequireStates(states, states.dim() >= 1);
        return _backend.Logits(states);
    }

    /// <summary>
    /// The cross-entropy in nats, [n], of the logits of states [n, d] with a target each, with a graph where gradients are wanted. A
    /// backward pass through it runs once.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A target is no id of the vocabulary.</exception>
    public Tensor CrossEntropy(Tensor states, long[] targets)
    {
        using UseCount.Use use = _uses.Enter();
        RequireStates(states, states.dim() == 2);
        if (states.size(0) != targets.Length)
            throw new ArgumentException($"{states.size(0)} states need as many targets, not {targets.Length}.", nameof(targets));
        TokenRows.RequireIds(targets, Config.VocabularySize, nameof(targets));
        return _backend.CrossEntropy(states, targets);
    }

    /// <summary>
    /// The losses in nats, [n], of states [n, d] at positions under hybrid noise, with a graph where gradients are wanted. A backward pass
    /// through it runs once.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is none of text.</exception>
    public Tensor HybridLoss(Tensor states, HybridTerm[] terms)
    {
        using UseCount.Use use = _uses.Enter();
        RequireStates(states, states.dim() == 2);
        if (states.size(0) != terms.Length)
            throw new ArgumentException($"{states.size(0)} states need as many positions, not {terms.Length}.", nameof(terms));
        TokenRows.RequireIds([.. terms.Select(term => (long)term.Target)], Config.TextVocabularySize, nameof(terms));
        TokenRows.RequireIds([.. terms.Select(term => (long)term.Seen)], Config.TextVocabularySize, nameof(terms));
        return _backend.HybridLoss(states, terms);
    }

    /// <inheritdoc cref="INetworkBackend.LogProbabilities"/>
    public void LogProbabilities(
        Tensor states, Tensor? unconditional, double guidanceScale, int[] rows, int[] targets, Span<double> destination)
    {
        using UseCount.Use use = _uses.Enter();
        _backend.LogProbabilities(states, unconditional, guidanceScale, rows, targets, destination);
    }

    /// <summary>
    /// Adds the gradients of a loss, one number that this network's results led to, to the parameters. What fails in a backward pass of the
    /// network's own is thrown as it was. One backward pass at a time.
    /// </summary>
    public void Backward(Tensor loss) => _pass.Run(loss);

    /// <summary>Runs forward passes with another <see cref="Attention"/>, and then goes back to the one before.</summary>
    public T WithAttention<T>(AttentionPattern? attention, Func<T> passes)
    {
        AttentionPattern? before = Attention;
        Attention = attention;
        try
        {
            return passes();
        }
        finally
        {
            Attention = before;
        }
    }

    /// <summary>Sets all gradients to zero, in place where they exist.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        foreach (Parameter parameter in _parameters.Values)
        {
            if (parameter.grad is not { } gradient)
                continue;
            // Torch's own threads would go on spinning for a while and disturb the kernels that follow.
            if (TensorMemory.IsFast(gradient) && gradient.is_contiguous())
                TensorMemory.Clear(gradient);
            else
                gradient.zero_();
        }
    }

    /// <summary>Frees the memory that was kept for the next training step.</summary>
    public void Trim()
    {
        _backend.Trim();
        NativeHeap.GiveBack();
    }

    /// <summary>Keeps the weights from being freed until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public UseCount.Use Use() => _uses.Enter();

    /// <summary>
    /// Makes the network ready for many small questions; see <see cref="INetworkSession"/>. It is not freed before the result is disposed.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public INetworkSession OpenSession()
    {
        UseCount.Use use = _uses.Enter();
        try
        {
            return _backend.OpenSession(use);
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>Frees the memory when the last running call has ended; later calls throw.</summary>
    public void Dispose() => _uses.Close();

    // Where a position's output predicts the token after it.
    private bool IsShifted => Config.ShiftsLogits && Attention is not { IsCausal: true };

    private INetworkBackend BackendOf(bool kernels) => kernels
        ? new CpuBackend(Config, _parameters, _scales, _uses, _pass)
        : new TorchBackend(Config, _parameters, Device, Type, _pass) { Scales = _scales };

    private void Free()
    {
        foreach (Parameter parameter in _parameters.Values)
            parameter.Dispose();
        foreach (Tensor scales in _scales.Values)
            scales.Dispose();
        _backend.Dispose();
        NativeHeap.GiveBack();
    }

    private void Check(TokenRows tokens)
    {
        int length = tokens.Length;
        if (Attention?.TextLength is { } text)
        {
            if (length != 2 * text)
                throw new ArgumentException($"A row has {length} tokens, not two times the {text} of the text.", nameof(tokens));
            length = text;
        }
        if (length > Config.ContextLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(tokens), length,
                $"A row has {length} tokens; the network reads 1 to ContextLength {Config.ContextLength} tokens.");
        }
        TokenRows.RequireIds(tokens.Ids, Config.EmbeddingRowCount, nameof(tokens));
    }

    private void RequireStates(Tensor states, bool hasDimensions)
    {
        if (!hasDimensions || states.shape[^1] != Config.EmbeddingSize)
        {
            throw new ArgumentException(
                $"States have {Config.EmbeddingSize} numbers in their last dimension; these are [{string.Join(", ", states.shape)}].",
                nameof(states));
        }
    }
}
