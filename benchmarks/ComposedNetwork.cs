using Microsoft.ML.MaskedDiffusion.Modeling;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// The network as a PyTorch user would write it, one torch operator after the other, on the weights of a <see cref="TransformerNetwork"/>.
/// The benchmark runs the reference's loop on it.
/// </summary>
internal sealed class ComposedNetwork
{
    private readonly TransformerNetwork _network;
    private readonly Tensor _cos;
    private readonly Tensor _sin;

    public ComposedNetwork(TransformerNetwork network)
    {
        _network = network;
        var table = new RotaryTable(network.Config.ContextLength, network.Config.HeadSize, network.Config.RotaryPrecision);
        _cos = tensor(table.Cosines, [table.Length, 1, table.Half]).to(network.Device);
        _sin = tensor(table.Sines, [table.Length, 1, table.Half]).to(network.Device);
    }

    /// <summary>The logits of all positions, [batch, length, V].</summary>
    public Tensor Forward(TokenRows tokens)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = _network.Config;
        long batch = tokens.Count, length = tokens.Length, heads = config.HeadCount, size = config.HeadSize;
        Tensor cos = _cos.narrow(0, 0, length), sin = _sin.narrow(0, 0, length);
        Tensor x = Weight("transformer.wte.weight").index_select(0, tensor(tokens.Ids, device: _network.Device)).view(
            batch, length, config.EmbeddingSize);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = TransformerNetwork.LayerPrefix(i);
            Tensor qkv = Linear(Norm(x, layer + "norm_1.weight"), layer + "attn.attn.weight").view(batch, length, heads, 3 * size);
            Tensor query = Rotate(qkv.narrow(3, 0, size), cos, sin);
            Tensor key = Rotate(qkv.narrow(3, size, size), cos, sin);
            Tensor value = qkv.narrow(3, 2 * size, size);
            Tensor mixed = nn.functional.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2));
            x = x + Linear(mixed.transpose(1, 2).reshape(batch, length, heads * size), layer + "attn.proj.weight");
            Tensor normed = Norm(x, layer + "norm_2.weight");
            Tensor gated =
                nn.functional.silu(Linear(normed, layer + "mlp.swiglu.w1.weight")) * Linear(normed, layer + "mlp.swiglu.w2.weight");
            x = x + Linear(gated, layer + "mlp.swiglu.w3.weight");
        }
        return Linear(Norm(x, "transformer.ln_f.weight"), "lm_head.weight").MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The logits of the last of new tokens, [batch, V], after those whose keys and values the cache has; the new ones are added to it.
    /// </summary>
    public Tensor Extend(TokenRows tokens, int position, (Tensor Key, Tensor Value)?[] cache)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = _network.Config;
        long batch = tokens.Count, length = tokens.Length, heads = config.HeadCount, size = config.HeadSize;
        Tensor cos = _cos.narrow(0, position, length), sin = _sin.narrow(0, position, length);
        Tensor x = Weight("transformer.wte.weight").index_select(0, tensor(tokens.Ids, device: _network.Device)).view(
            batch, length, config.EmbeddingSize);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = TransformerNetwork.LayerPrefix(i);
            Tensor qkv = Linear(Norm(x, layer + "norm_1.weight"), layer + "attn.attn.weight").view(batch, length, heads, 3 * size);
            Tensor query = Rotate(qkv.narrow(3, 0, size), cos, sin).transpose(1, 2);
            Tensor key = Rotate(qkv.narrow(3, size, size), cos, sin).transpose(1, 2);
            Tensor value = qkv.narrow(3, 2 * size, size).transpose(1, 2);
            if (cache[i] is { } earlier)
            {
                key = cat([earlier.Key, key], 2);
                value = cat([earlier.Value, value], 2);
                earlier.Key.Dispose();
                earlier.Value.Dispose();
            }
            cache[i] = (key.contiguous().DetachFromDisposeScope(), value.contiguous().DetachFromDisposeScope());
            Tensor mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_casual: length > 1);
            x = x + Linear(mixed.transpose(1, 2).reshape(batch, length, heads * size), layer + "attn.proj.weight");
            Tensor normed = Norm(x, layer + "norm_2.weight");
            Tensor gated =
                nn.functional.silu(Linear(normed, layer + "mlp.swiglu.w1.weight")) * Linear(normed, layer + "mlp.swiglu.w2.weight");
            x = x + Linear(gated, layer + "mlp.swiglu.w3.weight");
        }
        Tensor last = x.narrow(1, length - 1, 1).squeeze(1);
        return Linear(Norm(last, "transformer.ln_f.weight"), "lm_head.weight").MoveToOuterDisposeScope();
    }

    private Tensor Weight(string name) => _network.Parameters[name];

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, Weight(name));

    private Tensor Norm(Tensor x, string name) =>
        x * ((x * x).mean([-1], keepdim: true) + _network.Config.NormEpsilon).rsqrt() * Weight(name);

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = x.size(3) / 2;
        Tensor a = x.narrow(3, 0, half), b = x.narrow(3, half, half);
        return cat([a * cos - b * sin, a * sin + b * cos], -1);
    }
}
