namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// The expression graph: one node for every value that a cell of a tensor can have, named by its label. A node is a
/// kind and its children; the same kind over the same children is the same node, unless it was made fresh. Nodes that
/// are made together for cells in a row are kept as one run; <see cref="CellWise"/> makes them so.
/// </summary>
/// <param name="longestRun">Most lanes of a run; 1 keeps every cell apart, which gives the same symmetries and takes
/// longer.</param>
/// <param name="kinds">Kinds that are there already.</param>
/// <param name="mostScores">Most products of queries and keys that are written out one by one; more are kept by
/// rows, which gives the same symmetries.</param>
/// <param name="mostPlaces">Most positions of a picture that are written out once something treats them apart; more
/// are kept as vectors, which gives the same symmetries.</param>
/// <param name="parted">Fresh runs, by number, whose even lanes get their labels before the odd ones.</param>
/// <param name="mostEdges">Most that nodes hang on, all together; null for what memory allows.</param>
internal sealed class NodeStore(
    int longestRun = int.MaxValue,
    KindTable? kinds = null,
    int mostScores = NodeStore.DefaultScores,
    int mostPlaces = NodeStore.DefaultPlaces,
    IReadOnlySet<int>? parted = null,
    int? mostEdges = null)
{
    /// <summary>The kind of what no output hangs on.</summary>
    public const string Dropped = "dropped";

    private const string Number = "constant";

    /// <summary>Scores that are written out where nothing else is said: small graphs are.</summary>
    public const int DefaultScores = 1 << 12;

    /// <summary>Positions that are written out where nothing else is said.</summary>
    public const int DefaultPlaces = 1 << 8;

    private const string Place = "place of a lane";
    // The number of a run, plus one, under the hash of what it is made of, so that most others are told apart without
    // a look at them.
    private ulong[] _table = new ulong[1 << 12];
    private int _tableCount;
    private LabelRanges? _ranges;

    public KindTable Kinds { get; } = kinds ?? new KindTable();

    public RunTable Runs { get; } = mostEdges is { } most
        ? new RunTable(parted?.Count > 0 ? 2 : 1, most) : new RunTable(parted?.Count > 0 ? 2 : 1);

    /// <summary>Every second lane of a run has been used apart.</summary>
    public bool HasPartedLanes { get; set; }

    /// <summary>Fresh runs, in the order in which they were made.</summary>
    public List<LabelRange> FreshRuns { get; } = [];

    public int LongestRun { get; } = longestRun;

    public int MostScores { get; } = longestRun == 1 ? int.MaxValue : mostScores;

    public int MostPlaces { get; } = longestRun == 1 ? int.MaxValue : mostPlaces;

    /// <summary>Number of labels.</summary>
    public int Count => Runs.LabelCount;

    /// <summary>No node is made after this.</summary>
    public void Seal()
    {
        (_table, _ranges) = ([], null);
        Runs.Trim();
    }

    /// <summary>No node is asked for after this; how many there are stays known.</summary>
    public void Close()
    {
        Seal();
        Runs.Forget();
    }

    /// <summary>A node whose children have places.</summary>
    public int Ordered(int kind, params ReadOnlySpan<int> children) =>
        Find(kind, 1, RunTraits.Ordered, Singles(children));

    /// <summary>A node whose children are a set in which one may occur several times.</summary>
    public int Unordered(int kind, params ReadOnlySpan<int> children) =>
        Find(kind, 1, RunTraits.None, (_ranges ??= new LabelRanges(Runs)).Of(children));

    /// <summary>A node for several sets, that of each lane of its children.</summary>
    public int LaneByLane(int kind, params ReadOnlySpan<int> children) =>
        Find(kind, 1, RunTraits.LaneByLane, (_ranges ??= new LabelRanges(Runs)).Of(children));

    /// <summary>A node that equals no other.</summary>
    public int Fresh(int kind, params ReadOnlySpan<int> children) =>
        Append(kind, 1, RunTraits.Ordered | RunTraits.Fresh, Singles(children));

    /// <summary>Nodes that equal no others, all with the same children.</summary>
    /// <returns>Their labels, one after the other.</returns>
    public int[] FreshRun(int kind, int lanes, params ReadOnlySpan<int> children)
    {
        var first = Count;
        for (var lane = 0; lane < lanes; lane += LongestRun)
        {
            Append(
                kind,
                Math.Min(lanes - lane, LongestRun),
                RunTraits.Ordered | RunTraits.Fresh,
                Singles(children));
        }

        FreshRuns.Add(new LabelRange(first, lanes));
        return LabelsOf(FreshRuns.Count - 1);
    }

    /// <summary>The labels of a fresh run, in the order of its lanes.</summary>
    /// <param name="number">Its place among them.</param>
    public int[] LabelsOf(int number)
    {
        var (first, lanes) = FreshRuns[number];
        int[] labels = [.. Enumerable.Range(first, lanes)];
        if (lanes % 2 == 0 && parted?.Contains(number) == true)
        {
            for (var lane = 0; lane < lanes; lane++)
            {
                labels[lane] = first + (lane / 2) + (lane % 2 * (lanes / 2));
            }
        }

        return labels;
    }

    /// <summary>A number: it never moves.</summary>
    public int Constant(double value) => Ordered(Kinds.Id(Number, BitConverter.DoubleToInt64Bits(value)));

    /// <summary>True for a number that the graph holds or that follows from lengths.</summary>
    public bool IsNumber(int label) => Kinds.Name(Runs.KindOf(Runs.RunOf(label))) == Number;

    /// <summary>Nodes for the numbers 0, 1, …: what hangs on one of them never moves.</summary>
    public int[] Places(int count)
    {
        if (LongestRun == 1)
        {
            return [.. Enumerable.Range(0, count).Select(place => Ordered(PlaceKind(place)))];
        }

        var first = count == 0 ? 0 : Find(PlaceKind(0), count, RunTraits.Ordered | RunTraits.Places, []);
        return [.. Enumerable.Range(first, count)];
    }

    /// <summary>The kind of so many places from one on.</summary>
    public int PlaceKind(int place, int count = 1) => Kinds.Id(Place, ((long)count << 32) | (uint)place);

    /// <summary>True for a node of <see cref="Places"/>.</summary>
    public bool IsPlace(int label) => Kinds.Name(Runs.KindOf(Runs.RunOf(label))) == Place;

    /// <summary>True for a node that no output hangs on.</summary>
    public bool IsDropped(int label) => Kinds.Name(Runs.KindOf(Runs.RunOf(label))) == Dropped;

    /// <summary>The run of that kind over these children, made where it is not there yet.</summary>
    /// <param name="kind">What its nodes do.</param>
    /// <param name="lanes">How many they are.</param>
    /// <param name="traits">How they take their children.</param>
    /// <param name="children">As a <see cref="RunTable"/> has them; those of a set in order.</param>
    /// <returns>The label of the first.</returns>
    public int Find(int kind, int lanes, RunTraits traits, ReadOnlySpan<LabelRange> children)
    {
        if (traits.HasFlag(RunTraits.Fresh))
        {
            return Append(kind, lanes, traits, children);
        }

        var hash = Hash(kind, lanes, children);
        var slot = hash & (uint)(_table.Length - 1);
        while (_table[slot] != 0)
        {
            var run = (int)(uint)_table[slot] - 1;
            if ((uint)(_table[slot] >> 32) == hash && Runs.KindOf(run) == kind && Runs.TraitsOf(run) == traits
                && Runs.Lanes(run) == lanes && Runs.Children(run).SequenceEqual(children))
            {
                return Runs.First(run);
            }

            slot = (slot + 1) & (uint)(_table.Length - 1);
        }

        var made = Append(kind, lanes, traits, children);
        _table[slot] = ((ulong)hash << 32) | (uint)Runs.Count;
        if (++_tableCount * 4L > _table.Length * 3L)
        {
            Grow();
        }

        return made;
    }

    private static uint Hash(int kind, int lanes, ReadOnlySpan<LabelRange> children)
    {
        var hash = (((ulong)(uint)lanes << 32) | (uint)kind) * 0x9E3779B97F4A7C15;
        foreach (var child in children)
        {
            hash = (hash ^ (((ulong)(uint)child.Count << 32) | (uint)child.Start)) * 0xD6E8FEB86659FD93;
            hash ^= hash >> 32;
        }

        return (uint)(hash ^ (hash >> 29));
    }

    private static LabelRange[] Singles(ReadOnlySpan<int> labels)
    {
        var ranges = new LabelRange[labels.Length];
        for (var i = 0; i < ranges.Length; i++)
        {
            ranges[i] = new LabelRange(labels[i], 1);
        }

        return ranges;
    }

    private int Append(int kind, int lanes, RunTraits traits, ReadOnlySpan<LabelRange> children) =>
        Runs.First(Runs.Append(kind, lanes, traits, children));

    private void Grow()
    {
        var old = _table;
        _table = new ulong[old.Length * 2];
        foreach (var entry in old)
        {
            if (entry == 0)
            {
                continue;
            }

            var slot = (uint)(entry >> 32) & (uint)(_table.Length - 1);
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & (uint)(_table.Length - 1);
            }

            _table[slot] = entry;
        }
    }
}
