using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <content>Weights that are set and read by rows, whatever their type.</content>
internal sealed partial class TransformerNetwork
{
    /// <summary>
    /// What the library's own files hold: all weights by their names, and behind an 8-bit matrix the scales of its rows, under its name
    /// with <see cref="ScaleSuffix"/>.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Stored => _parameters.SelectMany(item =>
    {
        KeyValuePair<string, Tensor> own = KeyValuePair.Create(item.Key, (Tensor)item.Value);
        return _scales.TryGetValue(item.Key, out Tensor? scales)
            ? [own, KeyValuePair.Create(item.Key + ScaleSuffix, scales)] : new[] { own };
    });

    /// <summary>
    /// Takes over the weights of a network of the same shape, or of one with a smaller vocabulary: then what the further ids have stays as
    /// it is. A mask token behind the vocabulary that the other network has not gets the mean of its embeddings.
    /// </summary>
    public void CopyFrom(TransformerNetwork other)
    {
        using UseCount.Use use = other._uses.Enter();
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        long known = other.Config.VocabularySize;
        foreach ((string name, Parameter parameter) in _parameters)
        {
            if (name is not (HeadName or HeadBiasName or EmbeddingName))
            {
                CopyRows(other, name, 0, 0, parameter.size(0));
                continue;
            }
            CopyRows(other, name, 0, 0, known);
            if (name != EmbeddingName || Config.Autoregressive)
                continue;
            // The mask token may stand behind the vocabulary, or among its tokens.
            if (!other.Config.Autoregressive)
                CopyRows(other, name, other.Config.MaskTokenId, Config.MaskTokenId, 1);
            else if (Config.MaskTokenId == Config.VocabularySize)
                SetRows(name, Config.MaskTokenId, other.Rows(name, 0, other._parameters[name].size(0)).mean([0], keepdim: true));
        }
    }

    /// <summary>Sets some rows of a parameter; those of an 8-bit matrix are rounded, each with its own scale.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="first">The first row.</param>
    /// <param name="values">The rows, finite numbers of any floating-point type.</param>
    public void SetRows(string name, long first, Tensor values)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (!_scales.ContainsKey(name))
        {
            _parameters[name].narrow(0, first, values.size(0)).copy_(values);
            return;
        }
        (Tensor numbers, Tensor scales) = QuantizedRows.Of(values);
        SetRows(name, first, numbers, scales);
    }

    /// <summary>Some rows of a parameter: the parameter's own numbers, or what those of an 8-bit matrix stand for.</summary>
    public Tensor Rows(string name, long first, long count)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = _parameters[name].narrow(0, first, count);
        if (_scales.TryGetValue(name, out Tensor? scales))
            rows = QuantizedRows.Widen(rows, scales.narrow(0, first, count));
        return rows.MoveToOuterDisposeScope();
    }

    // Of 8 bits as they are: numbers that are rounded again may get other scales.
    private void CopyRows(TransformerNetwork other, string name, long from, long to, long count)
    {
        using var scope = NewDisposeScope();
        if (_scales.ContainsKey(name) && other._scales.TryGetValue(name, out Tensor? scales))
            SetRows(name, to, other._parameters[name].narrow(0, from, count), scales.narrow(0, from, count));
        else
            SetRows(name, to, other.Rows(name, from, count));
    }

    private void SetRows(string name, long first, Tensor numbers, Tensor scales)
    {
        _parameters[name].narrow(0, first, numbers.size(0)).copy_(numbers);
        _scales[name].narrow(0, first, numbers.size(0)).copy_(scales);
    }
}
