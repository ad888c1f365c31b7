using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>The inputs of one run of a growing cache, in memory that is used again, and the way back of its outputs.
/// </summary>
internal sealed class GrowingStep : IDisposable
{
    /// <summary>What the pasts of one run, and what is made for it, may take where they are of several sessions or
    /// rows.</summary>
    public const long UsualInputBytes = 256 << 20;

    private readonly DecoderSnapshot _decoder;
    private readonly ReusedTensors _tensors = new();
    private readonly List<OrtValue> _inputs = [];
    private readonly IReadOnlyList<CacheTensor> _caches;
    private HostArena _arena = null!;
    private int[] _slots = [];
    private int _slotCount;
    private int _cachedTokens;
    private int _rowCount;

    private readonly bool _takesPast;
    private readonly long _tokenBytes;
    private readonly long _stateBytes;
    private readonly StepInput[] _made;

    /// <param name="session">The graph.</param>
    /// <param name="decoder">Its caches; where it takes none of them it is the first step of a session.</param>
    /// <param name="others">Inputs that are the same in many steps, and outputs behind the caches.</param>
    /// <param name="sequence">Names in a graph beside an encoder.</param>
    public GrowingStep(
        InferenceSession session,
        DecoderSnapshot decoder,
        (string[] Inputs, string[] Outputs)? others = null,
        SequencePorts? sequence = null)
    {
        _decoder = decoder;
        var ports = sequence?.Step ?? decoder.Ports;
        var listed = decoder.Cache.Inputs ?? [];
        var usual = new[] { ports.Mask, ports.Positions }.Where(
            name => session.InputMetadata.ContainsKey(name) && listed.All(said => said.Name != name));
        _made =
        [
            .. usual.Select(name => name == ports.Mask
                ? StepInput.Mask(name, DtypeOf(session, name)) : StepInput.Positions(name, DtypeOf(session, name))),
            .. listed.Select(said => new StepInput(said, DtypeOf(session, said.Name))),
        ];
        List<string> inputs = [ports.Embeds, .. _made.Select(made => made.Name)];
        _caches = decoder.CacheTensors;
        _takesPast = _caches.Any(cache => session.InputMetadata.ContainsKey(cache.Past));
        CountsTokens = _made.Length > 0 || _caches.Any(cache => !cache.IsState);
        _tokenBytes = BytesOf(decoder, isState: false);
        _stateBytes = BytesOf(decoder, isState: true);
        inputs.AddRange(_takesPast ? _caches.Select(cache => cache.Past) : []);
        InputNames = [.. inputs, .. others?.Inputs ?? []];
        OutputNames =
        [
            ports.Logits, .. sequence?.Presents ?? _caches.Select(cache => cache.Present), .. others?.Outputs ?? [],
        ];
    }

    /// <summary>Bytes of pasts, and of what is made of lengths, that sessions have side by side at most: memory beside
    /// the budget of caches, and the runtime makes as much of it anew.</summary>
    public long MostInputBytes { get; init; } = UsualInputBytes;

    public IReadOnlyCollection<string> InputNames { get; }

    public IReadOnlyCollection<string> OutputNames { get; }

    public IReadOnlyCollection<OrtValue> Inputs => _inputs;

    /// <summary>False where a step is the same whatever the length of the session, but for its first.</summary>
    public bool CountsTokens { get; }

    /// <summary>Receives the rows of the step, <c>[slots, rows, hidden]</c>: in any order of these axes, for one of the
    /// two is 1.</summary>
    public Span<byte> Rows => _tensors.Bytes(
        0, _slotCount * _rowCount * _decoder.HiddenSize * _decoder.RowsDtype.ByteSize());

    /// <summary>How many sessions of a length run together at most.</summary>
    public int MostSlots(int cachedTokens) => (int)Math.Clamp(
        MostInputBytes / Math.Max(1, cachedTokens * _tokenBytes + _stateBytes + MadeBytes(cachedTokens, rowCount: 1)),
        1, int.MaxValue);

    /// <summary>Of so many new rows of a session, those for which one run makes its inputs: a mask has a place for each
    /// row and token. Told by the session alone.</summary>
    public int MostRows(int cachedTokens, int rowCount)
    {
        while (rowCount > 1 && MadeBytes(cachedTokens, rowCount) > MostInputBytes)
        {
            rowCount = (rowCount + 1) / 2;
        }

        return rowCount;
    }

    /// <summary>Most tokens of a session for which every input that is made can be read and written as a whole, one row
    /// at a time.</summary>
    public int MostTokens
    {
        get
        {
            // Each is no more than a place for each token and something beside.
            var (fit, most) = (1, int.MaxValue);
            while (fit < most)
            {
                var tokens = (int)(((long)fit + most + 1) / 2);
                (fit, most) = Array.TrueForAll(_made, made => made.Bytes(1, tokens - 1, 1) <= int.MaxValue)
                    ? (tokens, most) : (fit, tokens - 1);
            }

            return fit;
        }
    }

    /// <summary>Fills everything but the rows.</summary>
    /// <param name="arena">Where the slots are.</param>
    /// <param name="slots">All of the same length.</param>
    /// <param name="cachedTokens">That length.</param>
    /// <param name="rowCount">New rows of each.</param>
    /// <param name="others">Values of the other inputs; they stay their owner's.</param>
    public void Begin(
        HostArena arena,
        ReadOnlySpan<int> slots,
        int cachedTokens,
        int rowCount,
        params ReadOnlySpan<OrtValue> others)
    {
        (_arena, _slotCount, _cachedTokens, _rowCount) = (arena, slots.Length, cachedTokens, rowCount);
        _slots = _slots.Length < slots.Length ? new int[slots.Length] : _slots;
        slots.CopyTo(_slots);
        _tensors.Clear();
        _inputs.Clear();
        var (sequences, rows) = _decoder.RowAxes;
        long[] shape = [0, 0, _decoder.HiddenSize];
        (shape[sequences], shape[rows]) = (slots.Length, rowCount);
        _tensors.Add(_decoder.RowsDtype, shape);
        Array.ForEach(_made, made => made.Fill(_tensors, _slotCount, cachedTokens, rowCount));
        for (var tensor = 0; _takesPast && tensor < _caches.Count; tensor++)
        {
            Fill(tensor, slots);
        }

        _inputs.AddRange(_tensors.Values);
        _inputs.AddRange(others);
    }

    /// <summary>Writes the new rows of the present tensors behind what each slot holds.</summary>
    /// <exception cref="GraphRefusedException">The graph gives other tensors than it said.</exception>
    public void Keep(IReadOnlyCollection<OrtValue> results)
    {
        var tensor = 0;
        foreach (var present in results.Skip(1).Take(_caches.Count))
        {
            var cache = _caches[tensor];
            var data = present.GetTensorMutableRawData();
            var count = cache.Blocks * _slotCount;
            var (before, rows) = cache.IsState ? (0, 1) : (_cachedTokens, _rowCount);
            var bytes = cache.Runs * (before + rows) * _arena.Shape.TokenBytes(tensor);
            if (data.Length != (long)count * bytes)
            {
                throw new GraphRefusedException(
                    $"'{cache.Present}' is not '{cache.Past}'{(cache.IsState ? " anew" : " and the new rows")}");
            }

            for (var i = 0; i < count; i++)
            {
                var (block, slot) = Math.DivRem(i, _slotCount);
                _arena.Append(
                    tensor, _slots[slot], block * cache.Runs, before, rows, data.Slice(i * bytes, bytes));
            }

            tensor++;
        }
    }

    public void Dispose() => _tensors.Dispose();

    private void Fill(int tensor, ReadOnlySpan<int> slots)
    {
        var cache = _caches[tensor];
        var past = _tensors.Add(_decoder.CacheDtype, cache.Shape(slots.Length, _cachedTokens));
        if (cache.IsState && _cachedTokens == 0)
        {
            // A session that was cut to nothing has an old one.
            past.Clear();
            return;
        }

        var tokens = cache.IsState ? 1 : _cachedTokens;
        var bytes = past.Length / (cache.Blocks * slots.Length);
        for (var i = 0; i < cache.Blocks * slots.Length; i++)
        {
            // [blocks, slots, runs, tokens, width]
            var (block, slot) = Math.DivRem(i, slots.Length);
            _arena.Read(tensor, slots[slot], block * cache.Runs, tokens, past.Slice(i * bytes, bytes));
        }
    }

    private static long BytesOf(DecoderSnapshot decoder, bool isState) => decoder.CacheDtype.ByteSize()
        * decoder.CacheTensors.Where(cache => cache.IsState == isState)
            .Sum(cache => (long)cache.Blocks * cache.Runs * cache.Width);

    private long MadeBytes(int cachedTokens, int rowCount) =>
        _made.Sum(made => made.Bytes(1, cachedTokens, rowCount));

    private static TensorDtype DtypeOf(InferenceSession session, string input) =>
        OrtDtypes.FromOrt(session.InputMetadata[input].ElementDataType)!.Value;
}
