using System.Runtime.InteropServices;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>
/// Random inputs of a graph of another exporter: short and long, one sequence and several, with and without a cache.
/// </summary>
/// <param name="source">The graph.</param>
/// <param name="draw">Others of the same sizes: 0 for the first.</param>
internal sealed class ForeignSamples(ForeignSource source, int draw = 0)
{
    private const int Seed = 20261;
    private const int MostTraced = 3;

    private readonly Random _random = new(Seed + draw);
    private readonly SoundAxes _sounds = new(source);
    private readonly AxisRoles _roles = new(
        source.Inputs, source.Uses, source.Pictures.Count > 0, source.Signals, source.Grown);
    private bool _isTraced;
    private int[] _sides = source.Pictures.Count == 0 ? [0] : [.. source.Pictures];

    /// <summary>Inputs to try for a sample, the first that runs counts; of a graph that runs at one length only, those
    /// of that length, which takes a run on labels to find.</summary>
    public IEnumerable<Dictionary<string, HostTensor>> AllTries(int sample)
    {
        foreach (var usual in _isTraced ? [] : Tries(sample))
        {
            yield return usual;
        }

        if (!HasPast && source.TracedLength is { } length)
        {
            _isTraced = true;
            foreach (var batch in new[] { 1 + (sample % MostTraced), 1 }.Distinct())
            {
                yield return Make(new SampleSizes(batch, length, 0, length), areSamples: false);
            }
        }
    }

    /// <summary>Inputs of usual sizes.</summary>
    public IEnumerable<Dictionary<string, HostTensor>> Tries(int sample)
    {
        // GroupQueryAttention on a CPU takes several tokens after a cache for one sequence only.
        // A window that is not full yet has rows that nothing has written.
        (int Batch, int Sequence, int Past)[] sizes = source.Window is > 0 and var window
            ? [(1, window + 1, 0), (1, 1, window), (2, window + 3, 0), (1, 1, window + 2)]
            : HasPast
            ? [(1, 5, 0), (2, 1, 4), (1, 2, 3), (2, 3, 0), (1, 1, 6)]
            : [(1, 5, 0), (2, 3, 0), (3, 8, 0), (1, 12, 0), (2, 16, 0), (1, 16, 0), (2, 32, 0), (1, 128, 0),
               (4, 5, 0), (8, 3, 0)];
        var longest = source.Limits.Where(limit => source.Uses[limit.Key] == PortUse.Position)
            .Select(limit => limit.Value).DefaultIfEmpty(long.MaxValue).Min();
        sizes = [.. sizes.Where(size => size.Past + size.Sequence <= longest)];
        for (var attempt = 0; attempt < sizes.Length; attempt++)
        {
            var (batch, sequence, past) = sizes[(sample + attempt) % sizes.Length];
            foreach (var side in _sides)
            {
                yield return Make(new SampleSizes(batch, source.FixedLength ?? sequence, past, side));
            }
        }
    }

    /// <summary>Stays with the size of pictures that ran.</summary>
    public void Keep(IReadOnlyDictionary<string, HostTensor> given)
    {
        if (!_isTraced && _sides.Length > 1 && given.FirstOrDefault(
            entry => source.Signals.Contains(entry.Key) && entry.Value.Shape.Count > 3) is { Value: { } picture })
        {
            _sides = [(int)picture.Shape[^1]];
        }
    }

    private Dictionary<string, HostTensor> Make(SampleSizes sizes, bool areSamples = true) =>
        source.Inputs.ToDictionary(
            input => input.Name, input => Make(input, sizes, Lengths(sizes), areSamples), StringComparer.Ordinal);

    private Dictionary<string, int> Lengths(SampleSizes sizes) => source.Lengths
        .Concat(source.Multiples.Select(entry => KeyValuePair.Create(entry.Key, entry.Value * sizes.Batch)))
        .ToDictionary(StringComparer.Ordinal);

    private HostTensor Make(
        ValueInfoProto input, SampleSizes sizes, Dictionary<string, int> lengths, bool areSamples)
    {
        long[] shape = [.. (input.Type.TensorType.Shape?.Dim ?? [])
            .Select(axis => (long)sizes.Of(
                axis, _roles, lengths, symbol => areSamples && _sounds.Have(input, symbol)))];
        var count = checked((int)shape.Aggregate(1L, (product, length) => product * length));
        var dtype = OnnxDtypes.FromOnnx(input.Type.TensorType.ElemType)
            ?? throw new RefusedException($"input '{input.Name}' is of a type that cannot be sampled");
        var isMask = source.Uses[input.Name] == PortUse.Mask;
        var last = shape.Length == 0 ? 1 : (int)Math.Max(1, shape[^1]);
        if (dtype.IsWireFloat())
        {
            return HostTensor.FromFloats(
                [.. Enumerable.Range(0, count).Select(i => isMask ? Switch(i % last) : Feature(input))], shape)
                .ConvertTo(dtype);
        }

        if (dtype == TensorDtype.Float64)
        {
            double[] numbers = [.. Enumerable.Range(0, count).Select(_ => isMask ? 0 : (double)Normal())];
            return new HostTensor(dtype, shape, MemoryMarshal.AsBytes<double>(numbers).ToArray());
        }

        if (ElementTypes.AreQuantities(input))
        {
            var bytes = new byte[count];
            _random.NextBytes(bytes);
            return new HostTensor(dtype, shape, bytes);
        }

        var areSwitches = isMask && (shape.Length > 3 || source.Switches.Has(input));
        long[] values = [.. Enumerable.Range(0, count).Select(i => areSwitches ? Switch(i % last)
            : isMask && shape.Length == 2 && IsPadding(i / last, i % last, last) ? 0
            : Number(input, sizes, i % last / Slowness(input, shape, i)))];
        return dtype == TensorDtype.Bool
            ? new HostTensor(dtype, shape, [.. values.Select(value => (byte)(value == 0 ? 0 : 1))])
            : HostTensor.FromIntegers([.. values.Select(value => Math.Min(value, Largest(dtype)))], shape)
                .ConvertTo(dtype);
    }

    private static long Largest(TensorDtype dtype) => dtype switch
    {
        TensorDtype.Int8 => sbyte.MaxValue,
        TensorDtype.UInt8 => byte.MaxValue,
        TensorDtype.Int16 => short.MaxValue,
        TensorDtype.Int32 => int.MaxValue,
        _ => long.MaxValue,
    };

    // Positions of several kinds (in time, of rows and columns of a picture) run apart: alike, they would not show that
    // two kinds had traded places. None runs faster than the first, so that all stay within tables.
    private int Slowness(ValueInfoProto input, long[] shape, int at)
    {
        var axes = input.Type.TensorType.Shape?.Dim ?? [];
        var kinds = source.Uses[input.Name] == PortUse.Position && shape.Length == 3
            ? axes.Take(2).ToList().FindIndex(ProbeSizes.IsFixed) : -1;
        return kinds < 0 ? 1 : 1 + (int)(at / shape.Skip(kinds + 1).Aggregate(1L, (a, b) => a * b) % shape[kinds]);
    }

    // All sequences but the first are shorter than the batch is long. Caches take sequences as long as they say.
    private bool IsPadding(int row, int column, int length) =>
        !HasPast && row > 0 && column > 0 && column == length - 1;

    private long Number(ValueInfoProto input, SampleSizes sizes, int column) => source.Uses[input.Name] switch
    {
        _ when Has(input, "global") => 0,
        PortUse.Mask => 1,
        PortUse.Branch => sizes.Past > 0 ? 1 : 0,
        PortUse.Position => sizes.Past + column,
        PortUse.LastPosition => sizes.Past + sizes.Sequence - 1,
        PortUse.Past => sizes.Past,
        PortUse.Total or PortUse.Sequence => sizes.Past + sizes.Sequence,
        _ when Has(input, "length") => sizes.Past + sizes.Sequence,
        _ => _random.NextInt64(source.Limits.GetValueOrDefault(input.Name, 2)),
    };

    private bool HasPast => source.HasCaches || source.Inputs.Any(
        input => input.Name.StartsWith("past", StringComparison.Ordinal)
        || (input.Type.TensorType.Shape?.Dim ?? []).Any(axis => _roles[axis.DimParam] == AxisRole.Past));

    private static bool Has(ValueInfoProto input, string word) =>
        input.Name.Contains(word, StringComparison.OrdinalIgnoreCase);

    // Whether it is added to scores or says what counts: it tells heads and positions apart, and the first one counts.
    private int Switch(int column) => column == 0 ? 1 : _random.Next(2);

    // Among the states of a recurrent layer are sums that it divides by.
    private float Feature(ValueInfoProto input) =>
        source.States.Contains(input.Name) ? Math.Abs(Normal()) : Normal();

    private float Normal() => (float)(
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
