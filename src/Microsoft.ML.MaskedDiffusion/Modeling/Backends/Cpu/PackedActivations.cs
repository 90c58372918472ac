namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>Addresses of one block's activations that are kept in bfloat16 (null: not kept so); the fields are <see cref="LayerTape"/>'s.</summary>
internal readonly unsafe struct PackedActivations(ushort* qkv, ushort* mixed, ushort* gate, ushort* up)
{
    public ushort* Qkv { get; } = qkv;

    public ushort* Mixed { get; } = mixed;

    public ushort* Gate { get; } = gate;

    public ushort* Up { get; } = up;
}
