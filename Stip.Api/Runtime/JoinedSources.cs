using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>What several sessions keep of their sources side by side, for one run.</summary>
internal sealed class JoinedSources(DecoderSnapshot decoder) : IDisposable
{
    // Memory beside the budget of caches, so not without end; more sources than fit run in several turns.
    private const long MostBytes = 256 << 20;

    private readonly ReusedTensors _tensors = new();
    private readonly List<ReadSource> _joined = [];
    private readonly SequenceSnapshot _sequence = decoder.Sequence!;

    /// <summary>int64 <c>[sources, rows]</c>.</summary>
    public OrtValue Mask => _tensors.Values[0];

    /// <summary>Where one graph is all steps, <c>[sources, rows, hidden]</c>.</summary>
    public OrtValue States => _tensors.Values[1];

    public IReadOnlyList<OrtValue> Cross { get; private set; } = [];

    /// <summary>How many sources of so many kept rows are joined at most.</summary>
    public int Most(int keptRows) => (int)Math.Max(1, MostBytes / Math.Max(1, _sequence.Bytes(keptRows, decoder)));

    /// <param name="sources">Those whose first step is over, all with as many kept rows.</param>
    public void Join(IReadOnlyList<ReadSource> sources)
    {
        // Mostly the same sessions go on together; what they keep does not change.
        if (_joined.SequenceEqual(sources, ReferenceEqualityComparer.Instance))
        {
            return;
        }

        _joined.Clear();
        _tensors.Clear();
        var (count, rows) = (sources.Count, sources[0].KeptRows);
        Add(TensorDtype.Int64, [count, rows], 1, sources, static (source, _) => source.Mask, 0);
        if (_sequence.IsMerged)
        {
            Add(
                decoder.RowsDtype, [count, rows, _sequence.StatesWidth(decoder)], 1, sources,
                static (source, _) => source.States, 0);
        }

        for (var i = 0; i < _sequence.Cross.Count; i++)
        {
            var tensor = _sequence.Cross[i];
            Add(
                decoder.CacheDtype, tensor.Shape(count, rows), tensor.Blocks, sources,
                static (source, index) => source.Cross[index], i);
        }

        Cross = [.. _tensors.Values.Skip(_sequence.IsMerged ? 2 : 1)];
        _joined.AddRange(sources);
    }

    public void Dispose() => _tensors.Dispose();

    // [blocks, sources, …]: other sources lie between a source's blocks.
    private void Add(
        TensorDtype dtype,
        long[] shape,
        int blocks,
        IReadOnlyList<ReadSource> sources,
        Func<ReadSource, int, OrtValue> of,
        int index)
    {
        var joined = _tensors.Add(dtype, shape);
        var bytes = joined.Length / (blocks * sources.Count);
        for (var i = 0; i < sources.Count; i++)
        {
            var own = of(sources[i], index).GetTensorMutableRawData();
            for (var block = 0; block < blocks; block++)
            {
                own.Slice(block * bytes, bytes).CopyTo(joined[((block * sources.Count + i) * bytes)..]);
            }
        }
    }
}
