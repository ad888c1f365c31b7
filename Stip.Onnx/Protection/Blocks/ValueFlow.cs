using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Where in a graph values are made and last read, and how many bytes of weights each node reads. Constants are no
/// values: they are made again wherever they are read.
/// </summary>
internal sealed class ValueFlow
{
    private readonly GraphPart _part;
    private readonly Dictionary<string, long> _constantBytes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int First, int Last)> _spans = new(StringComparer.Ordinal);
    private readonly HashSet<string> _features;
    private readonly long[] _weightBytes;
    private readonly string[][] _reads;

    /// <param name="part">The graph.</param>
    /// <param name="features">Inputs that are features: only what is made of them counts as wide.</param>
    public ValueFlow(GraphPart part, IEnumerable<string> features)
    {
        _part = part;
        _features = features.ToHashSet(StringComparer.Ordinal);
        _weightBytes = new long[part.Graph.Node.Count];
        _reads = [.. part.Graph.Node.Select(node => OuterReads.Of(node).ToArray())];
        foreach (var tensor in part.Tensors)
        {
            _constantBytes[tensor.Name] = tensor.ByteLength;
        }

        for (var place = 0; place < _reads.Length; place++)
        {
            Follow(part.Graph.Node[place], place);
        }
    }

    public int NodeCount => _reads.Length;

    /// <summary>True for a value that is made of features.</summary>
    public bool IsFeature(string name) => _features.Contains(name);

    /// <summary>Bytes of the weights that a node reads.</summary>
    public long WeightBytes(int node) => _weightBytes[node];

    /// <summary>For every place before a node, how many values made of features are made before and read after
    /// it.</summary>
    public int[] Widths()
    {
        var widths = new int[NodeCount + 1];
        foreach (var (_, span) in _spans.Where(value => _features.Contains(value.Key)))
        {
            widths[span.First + 1]++;
            widths[span.Last + 1]--;
        }

        for (var place = 1; place < widths.Length; place++)
        {
            widths[place] += widths[place - 1];
        }

        return widths;
    }

    /// <summary>Values made of features, and such inputs, that nodes before a place have and nodes from it on
    /// read.</summary>
    public IEnumerable<string> FeaturesAcross(int place)
    {
        var later = _reads.Skip(place).SelectMany(reads => reads).ToHashSet(StringComparer.Ordinal);
        return _features.Where(name => later.Contains(name)
            && (!_spans.TryGetValue(name, out var span) || span.First < place));
    }

    /// <summary>The nodes from <paramref name="start"/> up to <paramref name="end"/> as a block.</summary>
    public GraphBlock Block(int start, int end)
    {
        var made = _part.Graph.Node.Skip(start).Take(end - start).SelectMany(node => node.Output)
            .Where(_spans.ContainsKey).ToHashSet(StringComparer.Ordinal);
        var given = _part.Graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        string[] inputs = [.. _reads[start..end].SelectMany(reads => reads).Distinct(StringComparer.Ordinal)
            .Where(name => !made.Contains(name) && !_constantBytes.ContainsKey(name)
                && (given.Contains(name) || _spans.ContainsKey(name)))];
        return new GraphBlock(
            Number: 1,
            inputs,
            [.. made.Where(name => _spans[name].Last >= end)],
            [.. _part.Graph.Output.Select(output => output.Name).Where(made.Contains)],
            $"'{NameOf(start)}' to '{NameOf(end - 1)}'");
    }

    private string NameOf(int place)
    {
        var node = _part.Graph.Node[place];
        return node.Name.Length > 0 ? node.Name : $"{node.OpType} {place}";
    }

    private void Follow(NodeProto node, int place)
    {
        var reads = _reads[place];
        var bytes = reads.Sum(name => _constantBytes.GetValueOrDefault(name)) + InnerBytes(node);
        var isConstant = Array.TrueForAll(reads, _constantBytes.ContainsKey)
            && !node.OpType.StartsWith("Random", StringComparison.Ordinal);
        var isFeature = node.OpType is not ("Shape" or "Size") && Array.Exists(reads, _features.Contains);

        // What is made of weights alone counts where it is read.
        _weightBytes[place] = isConstant ? 0 : bytes;
        foreach (var name in reads.Where(_spans.ContainsKey))
        {
            _spans[name] = (_spans[name].First, place);
        }

        foreach (var output in node.Output.Where(output => output.Length > 0))
        {
            if (isConstant)
            {
                _constantBytes[output] = Math.Max(bytes, _constantBytes.GetValueOrDefault(output));
                continue;
            }

            _spans[output] = (place, place);
            if (isFeature)
            {
                _features.Add(output);
            }
        }
    }

    private static long InnerBytes(NodeProto node) => OuterReads.Subgraphs(node)
        .Sum(graph => graph.Initializer.Sum(GraphTensor.ByteCount) + graph.Node.Sum(InnerBytes));
}
