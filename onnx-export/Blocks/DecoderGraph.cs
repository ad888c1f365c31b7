using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A decoder that is being built: the graph, where its weights come from, and the inputs that all blocks
/// share.</summary>
internal sealed class DecoderGraph : ModelGraph
{
    private const int LeastWindows = 2;
    private const int LengthAxis = 2;
    private const string WholeLength = "max_len";
    private readonly int _layers;
    private readonly AttentionHeads _heads;
    private readonly int[] _windows;
    private readonly int[] _bounds;

    public DecoderGraph(
        ITensorStore tensors, TensorDtype dtype, DecoderShape shape, bool hasCache = true, bool seesAll = false)
        : base("decoder", tensors, dtype, shape.HiddenSize)
    {
        _layers = shape.Layers;
        _heads = shape.Heads;
        (_windows, _bounds) = (new int[shape.Layers], new int[shape.Layers]);
        HasCache = hasCache;
        Embeds = Graph.AddInput(DecoderPorts.Embeds, dtype, "batch", "seq", shape.HiddenSize);
        NeedsPositions = shape.Heads.NeedsPositions || shape.LooksUpPositions || seesAll;
        if (!hasCache)
        {
            WholeTexts.Append(this);
            Mask = seesAll ? WholeTexts.AppendMask(this) : null;
            return;
        }

        Graph.AddInput(DecoderPorts.Lengths, TensorDtype.Int32, "batch");
        Graph.AddInput(DecoderPorts.TotalLength, TensorDtype.Int32);
        Graph.AddInput(DecoderPorts.Rows, TensorDtype.Int64, "logits_rows");
        if (NeedsPositions)
        {
            Graph.AddInput(DecoderPorts.Positions, TensorDtype.Int64, "batch", "seq");
        }

        foreach (var (layer, part) in CacheParts())
        {
            Graph.AddInput(
                DecoderPorts.Past(layer, part), dtype, "batch", _heads.KvHeads, WholeLength, _heads.PaddedDim);
        }
    }

    /// <inheritdoc/>
    public override string Embeds { get; }

    /// <summary>1 where a row counts, int32 <c>[batch, seq]</c>, where rows also see those after them; else
    /// null.</summary>
    public string? Mask { get; }

    /// <summary>False where whole texts go in at once.</summary>
    public bool HasCache { get; }

    /// <summary>True where rotary embedding is a node of its own, which is told the positions.</summary>
    public bool NeedsPositions { get; }

    /// <summary>The expert in memory of weights that are stored with inputs first.</summary>
    public TurnedExpert Turned { get; } = new();

    /// <summary>Most positions that the graph is made for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Most positions that the model names, where the graph is made for more; else null.</summary>
    public int? Named { get; init; }

    /// <summary>True where a text is judged by its last token, and its end token is the one that texts are filled up
    /// with: others then judge by the token before.</summary>
    public bool EndsArePadding { get; set; }

    /// <summary>Attention window in tokens where every layer has the same one, null where some layer sees
    /// everything.</summary>
    public int? Window => _windows.All(window => window > 0 && window == _windows[0]) ? _windows[0] : null;

    /// <summary>True where caches of layers with a window keep no more than that.</summary>
    public bool BoundsCaches { get; init; }

    /// <summary>Notes that a layer sees a window.</summary>
    /// <returns>True where its cache is to keep no more.</returns>
    public bool SeesWindow(int layer, int window, bool mayBound)
    {
        _windows[layer] = window;
        // With less to win, a rewind that finds its tokens gone costs more than the memory.
        var isBound = mayBound && BoundsCaches && HasCache && (long)window * LeastWindows <= ContextLength;
        _bounds[layer] = isBound ? window : 0;
        return isBound;
    }

    /// <summary>What a layer remembers of earlier rows, empty where there are none.</summary>
    public string Past(int layer, string part) => HasCache ? DecoderPorts.Past(layer, part) : "";

    /// <summary>A single number of the graph's own type, as an operand of element-wise operators.</summary>
    public string Scalar(string name, double value) =>
        Graph.AddConstant(name, Weights.Dtype, value);

    /// <summary>Declares the outputs once everything is appended.</summary>
    public void Finish(int vocabSize)
    {
        Graph.AddOutput(DecoderPorts.Logits, Weights.Dtype, "logits_rows", vocabSize);
        foreach (var (layer, part) in CacheParts())
        {
            var length = _bounds[layer] == 0 ? WholeLength : $"window_{_bounds[layer]}";
            Graph.Graph.Input.First(input => input.Name == DecoderPorts.Past(layer, part))
                .Type.TensorType.Shape.Dim[LengthAxis].DimParam = length;
            Graph.AddOutput(
                DecoderPorts.Present(layer, part), Weights.Dtype, "batch", _heads.KvHeads, length, _heads.PaddedDim);
        }
    }

    /// <summary>What a package says of the graph.</summary>
    public GraphManifest Describe(string file) => new(
        file,
        GraphSignature.Inputs(Graph.Graph),
        GraphSignature.Outputs(Graph.Graph),
        new CacheManifest("shared", _layers, _heads.KvHeads, _heads.PaddedDim, Window)
        {
            BoundedWindows = _bounds.Any(window => window > 0) ? _bounds : null,
        });

    private IEnumerable<(int Layer, string Part)> CacheParts() =>
        Enumerable.Range(0, _layers).SelectMany(layer => new[] { (layer, "key"), (layer, "value") });
}
