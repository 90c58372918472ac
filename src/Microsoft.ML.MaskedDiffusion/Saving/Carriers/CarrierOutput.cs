namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>How a value of the carrier's scoring step becomes the user's column.</summary>
internal abstract record CarrierOutput(string CarrierName, string UserName)
{
    /// <summary>ML.NET's own estimators that make the user's column.</summary>
    public abstract IEnumerable<IEstimator<ITransformer>> Steps(MLContext ml);

    /// <summary>The columns that are left over from that and are dropped.</summary>
    public virtual IEnumerable<string> Leftovers => [CarrierName];

    /// <summary>The value as it is, or nothing if the user wants no such column.</summary>
    public static CarrierOutput Optional(string carrierName, string? userName) =>
        userName is null ? new Unused(carrierName) : new Plain(carrierName, userName);

    /// <summary>The value as it is.</summary>
    public sealed record Plain(string CarrierName, string UserName) : CarrierOutput(CarrierName, UserName)
    {
        public override IEnumerable<IEstimator<ITransformer>> Steps(MLContext ml) => [ml.Transforms.CopyColumns(UserName, CarrierName)];
    }

    /// <summary>A value that is dropped.</summary>
    public sealed record Unused(string CarrierName) : CarrierOutput(CarrierName, CarrierName)
    {
        public override IEnumerable<IEstimator<ITransformer>> Steps(MLContext ml) => [];
    }

    /// <summary>An integer as a key with a given number of values: 1 for the first, 0 for a missing one.</summary>
    public sealed record Key(string CarrierName, string UserName, int Count) : CarrierOutput(CarrierName, UserName)
    {
        public override IEnumerable<IEstimator<ITransformer>> Steps(MLContext ml)
        {
            // The key values are the indices from 0, and a value that is none of them is missing.
            IEnumerable<Index> values = Enumerable.Range(0, Count).Select(index => new Index { Value = index });
            IDataView indices = ml.Data.LoadFromEnumerable(values.ToList());
            IEnumerable<KeyValuePair<int, int>> numbers = Enumerable.Range(0, Count).Select(index => KeyValuePair.Create(index + 1, index))
                .Append(KeyValuePair.Create(0, -1));
            return
            [
                ml.Transforms.Conversion.MapValue(UserName, numbers, CarrierName),
                ml.Transforms.Conversion.MapValueToKey(UserName, UserName, keyData: indices),
            ];
        }
    }

    private sealed class Index
    {
        public int Value { get; set; }
    }

    /// <summary>A vector, whose type gets back the size that it lost (see <see cref="SpreadFactory"/>).</summary>
    public sealed record Vector(string CarrierName, string UserName, int Size) : CarrierOutput(CarrierName, UserName)
    {
        public override IEnumerable<string> Leftovers =>
        [
            CarrierName, CarrierNames.Values, CarrierNames.Offset, .. Enumerable.Range(0, SpreadRow.Width).Select(SpreadRow.Name), .. Parts,
        ];

        private IEnumerable<string> Parts =>
            Enumerable.Range(0, (Size + SpreadRow.Width - 1) / SpreadRow.Width).Select(part => $"{CarrierName}_{part}");

        public override IEnumerable<IEstimator<ITransformer>> Steps(MLContext ml)
        {
            yield return ml.Transforms.CopyColumns(CarrierNames.Values, CarrierName);
            int offset = 0;
            foreach (string part in Parts)
            {
                IEnumerable<KeyValuePair<int, int>> constant = [KeyValuePair.Create(CarrierNames.BlobKey, offset)];
                yield return ml.Transforms.Conversion.MapValue(CarrierNames.Offset, constant, CarrierNames.Key);
                yield return ml.Transforms.CustomMapping<SpreadInput, SpreadRow>(SpreadFactory.Map, CarrierNames.SpreadContract);
                int width = Math.Min(SpreadRow.Width, Size - offset);
                yield return ml.Transforms.Concatenate(part, [.. Enumerable.Range(0, width).Select(SpreadRow.Name)]);
                offset += width;
            }
            yield return ml.Transforms.Concatenate(UserName, [.. Parts]);
        }
    }
}
