using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>
/// The plain code of all speed figures: the same network written on TorchSharp's own operators as a good engineer would in an afternoon.
/// Embedding by index_select, fused attention, and logits only where they are asked for. In bfloat16 the operands of matrix products and
/// attention are rounded and everything else stays in 32 bits, as under autocast.
/// </summary>
public sealed class PlainNetwork : IDisposable
{
    private readonly TransformerConfig _config;
    private readonly Dictionary<string, Parameter> _weights;
    private readonly bool _ownsWeights;
    private readonly bool _rounded;
    private readonly Device _device;
    private readonly Tensor _cos;
    private readonly Tensor _sin;

    /// <param name="network">Whose weights it computes with.</param>
    /// <param name="trains">Whether it takes copies of the weights, to train them; without, it reads those of the network.</param>
    /// <param name="rounded">Whether products take bfloat16.</param>
    internal PlainNetwork(TransformerNetwork network, bool trains = false, bool rounded = false)
    {
        _config = network.Config;
        _device = network.Device;
        _rounded = rounded;
        _ownsWeights = trains;
        _weights = network.Parameters.ToDictionary(weight => weight.Key, weight => trains ? Copy(weight.Value) : weight.Value);
        using var scope = NewDisposeScope();
        var table = new RotaryTable(_config.ContextLength, _config.HeadSize, _config.RotaryPrecision);
        _cos = tensor(table.Cosines, [table.Length, 1, table.Half]).to(_device).DetachFromDisposeScope();
        _sin = tensor(table.Sines, [table.Length, 1, table.Half]).to(_device).DetachFromDisposeScope();
    }

    /// <summary>The weights by SMDM's names.</summary>
    public IReadOnlyDictionary<string, Parameter> Weights => _weights;

    /// <summary>The shape.</summary>
    public TransformerConfig Config => _config;

    /// <summary>Where it computes.</summary>
    public Device Device => _device;

    /// <summary>The states [rows * length, d] before the last norm, of rows of one length.</summary>
    public Tensor Stream(long[] ids, int length)
    {
        using var scope = NewDisposeScope();
        Tensor x = Weight("transformer.wte.weight").index_select(0, tensor(ids, device: _device));
        x = x.view(ids.Length / length, length, _config.EmbeddingSize);
        for (int layer = 0; layer < _config.LayerCount; layer++)
            x = Block(x, TransformerNetwork.LayerPrefix(layer), 0, null, layer);
        return x.view(ids.Length, _config.EmbeddingSize).MoveToOuterDisposeScope();
    }

    /// <summary>The logits [places, V] at some places, row * length + position, of rows of one length.</summary>
    public Tensor LogitsAt(long[] ids, int length, long[] places)
    {
        using var scope = NewDisposeScope();
        Tensor chosen = Stream(ids, length).index_select(0, tensor(places, device: _device));
        return Logits(chosen).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The logits of the last of new tokens, [batch, V], after those whose keys and values the cache has; the new ones are added to it.
    /// </summary>
    public Tensor Extend(long[] ids, int length, int position, (Tensor Key, Tensor Value)?[] cache)
    {
        using var scope = NewDisposeScope();
        Tensor x = Weight("transformer.wte.weight").index_select(0, tensor(ids, device: _device));
        x = x.view(ids.Length / length, length, _config.EmbeddingSize);
        for (int layer = 0; layer < _config.LayerCount; layer++)
            x = Block(x, TransformerNetwork.LayerPrefix(layer), position, cache, layer);
        return Logits(x.narrow(1, length - 1, 1).squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tables, and the weights if they are its own.</summary>
    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
        if (!_ownsWeights)
            return;
        foreach (Parameter weight in _weights.Values)
            weight.Dispose();
    }

    private static Parameter Copy(Parameter weight)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var copy = new Parameter(weight.detach().clone());
        copy.DetachFromDisposeScope();
        return copy;
    }

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = x.size(3) / 2;
        Tensor a = x.narrow(3, 0, half);
        Tensor b = x.narrow(3, half, half);
        return cat([a * cos - b * sin, a * sin + b * cos], -1);
    }

    private Tensor Block(Tensor x, string name, int position, (Tensor Key, Tensor Value)?[]? cache, int layer)
    {
        using var scope = NewDisposeScope();
        long batch = x.size(0), length = x.size(1), heads = _config.HeadCount, size = _config.HeadSize;
        Tensor cos = _cos.narrow(0, position, length), sin = _sin.narrow(0, position, length);
        Tensor qkv = Linear(Norm(x, name + "norm_1.weight"), name + "attn.attn.weight").view(batch, length, heads, 3 * size);
        Tensor query = Rotate(qkv.narrow(3, 0, size), cos, sin).transpose(1, 2);
        Tensor key = Rotate(qkv.narrow(3, size, size), cos, sin).transpose(1, 2);
        Tensor value = qkv.narrow(3, 2 * size, size).transpose(1, 2);
        if (cache is not null)
            (key, value) = Remember(cache, layer, key, value);
        Tensor mixed = Attention(query, key, value, causal: cache is not null && length > 1);
        x = x + Linear(mixed.transpose(1, 2).reshape(batch, length, heads * size), name + "attn.proj.weight");
        Tensor normed = Norm(x, name + "norm_2.weight");
        Tensor gate = nn.functional.silu(Linear(normed, name + "mlp.swiglu.w1.weight"));
        Tensor gated = gate * Linear(normed, name + "mlp.swiglu.w2.weight");
        return (x + Linear(gated, name + "mlp.swiglu.w3.weight")).MoveToOuterDisposeScope();
    }

    private Tensor Attention(Tensor query, Tensor key, Tensor value, bool causal)
    {
        if (!_rounded)
            return nn.functional.scaled_dot_product_attention(query, key, value, is_casual: causal);
        return nn.functional.scaled_dot_product_attention(
            query.bfloat16(), key.bfloat16(), value.bfloat16(), is_casual: causal).to(ScalarType.Float32);
    }

    private static (Tensor Key, Tensor Value) Remember(
        (Tensor Key, Tensor Value)?[] cache, int layer, Tensor key, Tensor value)
    {
        if (cache[layer] is { } earlier)
        {
            key = cat([earlier.Key, key], 2);
            value = cat([earlier.Value, value], 2);
            earlier.Key.Dispose();
            earlier.Value.Dispose();
        }
        (Tensor Key, Tensor Value) all = (key.contiguous().DetachFromDisposeScope(), value.contiguous().DetachFromDisposeScope());
        cache[layer] = all;
        return all;
    }

    private Tensor Logits(Tensor states) => Linear(Norm(states, "transformer.ln_f.weight"), "lm_head.weight");

    private Tensor Weight(string name) => _weights[name];

    private Tensor Linear(Tensor x, string name)
    {
        if (!_rounded)
            return nn.functional.linear(x, Weight(name));
        return nn.functional.linear(x.bfloat16(), Weight(name).bfloat16()).to(ScalarType.Float32);
    }

    private Tensor Norm(Tensor x, string name)
    {
        Tensor meanSquare = (x * x).mean([-1], keepdim: true);
        return x * (meanSquare + _config.NormEpsilon).rsqrt() * Weight(name);
    }
}
