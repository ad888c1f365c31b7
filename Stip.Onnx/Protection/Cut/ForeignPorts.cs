using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Which inputs and outputs of a graph of another exporter are those that every step or pass has, where their
/// names do not say it. What is not told apart is left out.</summary>
internal static class ForeignPorts
{
    private const string Present = "present";
    private const int MapRank = 4;
    private const int RowRank = 2;

    // What exporters of sentence-transformers' models call the vector of a text, pooled as the model does it.
    private const string SentenceVector = "sentence_embedding";

    // Names that say what an output is, and that it is nothing else.
    private static readonly string[] Telling =
    [
        EncoderPorts.StartLogits, EncoderPorts.EndLogits, EncoderPorts.Hidden, EncoderPorts.Pooled,
        EncoderPorts.ImageEmbeds, EncoderPorts.TextEmbeds, EncoderPorts.ImageFeatures, EncoderPorts.Boxes,
    ];

    /// <param name="cut">The server's graph.</param>
    /// <param name="uses">What masks and positions among its inputs are.</param>
    /// <param name="caches">Its caches by structure.</param>
    /// <param name="limits">Rows of the tables that ids index, the vocabulary among them.</param>
    /// <param name="step">Tells which masks and positions every server fills.</param>
    /// <returns>The graph's names by the usual ones; null where all are usual.</returns>
    public static IReadOnlyDictionary<string, string>? OfStep(
        ClientCut cut,
        PortUses uses,
        IReadOnlyList<CacheTensorManifest> caches,
        IReadOnlyDictionary<string, long> limits,
        StepInputs step)
    {
        string[] unusual = [.. cut.Cloud.Input.Where(input => !step.IsUsual(input)).Select(input => input.Name)];
        var found = new Dictionary<string, string?>
        {
            [DecoderPorts.Embeds] = Rows(cut, caches),
            [EncoderPorts.Mask] = Only(Counted(cut, uses, PortUse.Mask), unusual),
            [DecoderPorts.Positions] = Only(Counted(cut, uses, PortUse.Position), unusual),
            [DecoderPorts.Logits] = Logits(cut, caches, limits),
        };
        return Unusual(cut, found);
    }

    /// <summary>Of one of the graphs of an encoder and a decoder, as far as it tells itself.</summary>
    /// <param name="cut">The server's graph.</param>
    /// <param name="uses">What masks and positions among its inputs are.</param>
    /// <param name="caches">Its caches by structure.</param>
    /// <param name="limits">Rows of the tables that ids index, the vocabulary among them.</param>
    /// <param name="isEncoder">False for a decoder, whose mask is the encoder's.</param>
    public static IReadOnlyDictionary<string, string>? OfSequence(
        ClientCut cut,
        PortUses uses,
        IReadOnlyList<CacheTensorManifest> caches,
        IReadOnlyDictionary<string, long> limits,
        bool isEncoder)
    {
        var rows = Rows(cut, caches);
        return Unusual(cut, isEncoder
            ? new() { [DecoderPorts.Embeds] = rows, [EncoderPorts.Mask] = Counted(cut, uses, PortUse.Mask) }
            : new()
            {
                [DecoderPorts.Embeds] = rows,
                [GraphManifest.EncoderMask] = Counted(cut, uses, PortUse.Mask, OwnLengths(cut, rows, caches)),
                [GraphManifest.Branch] = Flag(cut),
                [DecoderPorts.Logits] = Logits(cut, caches, limits),
            });
    }

    /// <summary>Of an encoder of texts, or of pictures.</summary>
    /// <param name="cut">The server's graph.</param>
    /// <param name="uses">What masks and positions among its inputs are.</param>
    /// <param name="limits">Rows of the tables that ids index, the vocabulary among them.</param>
    /// <param name="isOfTexts">False for pictures, whose vectors have no usual name.</param>
    public static IReadOnlyDictionary<string, string>? OfPass(
        ClientCut cut, PortUses uses, IReadOnlyDictionary<string, long> limits, bool isOfTexts)
    {
        var rows = Rows(cut, []);
        var width = cut.Cloud.Input.Where(input => input.Name == rows)
            .Select(input => Features(cut, input)).FirstOrDefault();
        ValueInfoProto[] given =
        [
            .. cut.Cloud.Output.Where(output => ElementTypes.AreQuantities(output) && Rank(output) is 2 or 3
                && !Telling.Contains(output.Name)),
        ];
        ValueInfoProto[] hidden = [.. given.Where(output => width > 0 && Width(output) == width)];
        ValueInfoProto[] ofRows = [.. hidden.Where(output => Rank(output) == 3)];

        // Where a graph says how wide its rows are, what says no width is a map of positions (shares of attention).
        ValueInfoProto[] scores = [.. given.Except(hidden).Where(output => output.Name != SentenceVector
            && (hidden is [] || Width(output) > 0))];
        var wide = Array.FindAll(scores, output => limits.Values.Contains(Width(output)));
        var isScored = scores.Length > 0;
        return Unusual(cut, new Dictionary<string, string?>
        {
            [DecoderPorts.Embeds] = rows,
            [EncoderPorts.Mask] = Counted(cut, uses, PortUse.Mask),
            // Of a picture, numbers in a plane are one for each place (depth), and not one for each label.
            [DecoderPorts.Logits] = Only(wide)
                ?? Only(Array.FindAll(scores, output => isOfTexts || Rank(output) == RowRank)),
            [EncoderPorts.Hidden] = !isScored ? Only(ofRows) : null,
            [EncoderPorts.TextEmbeds] = !isOfTexts ? null : Vector(cut) ?? (
                // A vector beside the rows may be for something else (BERT's pooler, whose output has any name).
                !isScored && ofRows is [] && cut.Cloud.Output.All(output => output.Name != EncoderPorts.Hidden)
                    ? Only(hidden)
                    : null),
        });
    }

    /// <summary>Width of what is sent: of rows the last axis, of a picture's map the one as long as its convolution
    /// has features, <c>[batch, features, height, width]</c> or <c>[batch, height, width, features]</c>; 0 where it is
    /// not said.</summary>
    /// <param name="cut">The graph, with the client's where there is one.</param>
    /// <param name="port">An input of the server's.</param>
    public static long Features(ClientCut cut, ValueInfoProto port)
    {
        if (Rank(port) != MapRank)
        {
            return Width(port);
        }

        var axes = port.Type.TensorType.Shape.Dim;
        var kernel = cut.Client is null ? null : KnownAxes.Convolved(cut.Client)
            .Select(entry => entry.Weight).FirstOrDefault(weight => weight.Dims.Count == MapRank);
        long[] known = [.. new[] { 1, MapRank - 1 }.Select(axis => axes[axis].DimValue)];
        return kernel is not null && known.Contains(kernel.Dims[0]) ? kernel.Dims[0]
            : axes[1].DimValue == axes[2].DimValue && known[^1] > 0 && known[^1] != known[0] ? known[^1]
            : known[0];
    }

    private static string? Vector(ClientCut cut) => Only([.. cut.Cloud.Output.Where(
        output => output.Name == SentenceVector && ElementTypes.AreQuantities(output) && Rank(output) == RowRank)]);

    private static string? Only(string? port, string[] unusual) => unusual.Contains(port) ? null : port;

    private static string? Only(ValueInfoProto[] outputs) => outputs is [var only] ? only.Name : null;

    private static Dictionary<string, string>? Unusual(ClientCut cut, Dictionary<string, string?> found)
    {
        var ports = cut.Cloud.Input.Concat(cut.Cloud.Output).Select(port => port.Name)
            .ToHashSet(StringComparer.Ordinal);
        var others = found.Where(port => port.Value is not null && !ports.Contains(port.Key))
            .ToDictionary(port => port.Key, port => port.Value!, StringComparer.Ordinal);
        return others.Count > 0 ? others : null;
    }

    private static string? Rows(ClientCut cut, IReadOnlyList<CacheTensorManifest> caches)
    {
        var rows = cut.Features.Count > 0
            ? [.. cut.Features]
            : cut.Cloud.Input.Where(input => ElementTypes.AreQuantities(input) && Rank(input) == 3
                && caches.All(cache => cache.Past != input.Name)).Select(input => input.Name).ToArray();
        return rows is [var only] ? only : null;
    }

    private static string? Counted(ClientCut cut, PortUses uses, PortUse use, params string[] otherLengths)
    {
        var named = cut.Cloud.Input.Where(input => !ElementTypes.AreQuantities(input) && Rank(input) == 2
            && uses[input.Name] == use && !otherLengths.Contains(LengthOf(input, 1)))
            .Select(input => input.Name).ToArray();
        return named is [var only] ? only : null;
    }

    // A decoder may take a mask of its own rows too.
    private static string[] OwnLengths(ClientCut cut, string? rows, IReadOnlyList<CacheTensorManifest> caches) =>
    [
        .. cut.Cloud.Input.Where(input => input.Name == rows).Select(input => LengthOf(input, 1))
            .Concat(cut.Cloud.Output.SelectMany(output => caches.Where(cache => cache.Present == output.Name)
                .Select(cache => LengthOf(output, [.. cache.Axes.Select(axis => axis.ToString())]))))
            .OfType<string>().Where(length => length.Length > 0),
    ];

    private static string? LengthOf(ValueInfoProto port, string[] axes) =>
        LengthOf(port, Array.IndexOf(axes, CacheTensorManifest.Length));

    private static string? LengthOf(ValueInfoProto port, int axis) =>
        axis < Rank(port) ? port.Type.TensorType.Shape.Dim[axis].DimParam : null;

    private static string? Flag(ClientCut cut) => Only(
    [
        .. cut.Cloud.Input.Where(
            input => input.Type?.TensorType?.ElemType == (int)DataType.Bool && Rank(input) == 1),
    ]);

    // As wide as a table of words is long, or the only output that is no cache.
    private static string? Logits(
        ClientCut cut, IReadOnlyList<CacheTensorManifest> caches, IReadOnlyDictionary<string, long> limits)
    {
        var given = cut.Cloud.Output.Where(output => ElementTypes.AreQuantities(output)
            && !output.Name.StartsWith(Present, StringComparison.Ordinal)
            && caches.All(cache => cache.Present != output.Name)).ToArray();
        var wide = Array.FindAll(given, output => limits.Values.Contains(Width(output)));
        return wide is [var one] ? one.Name : given is [var only] ? only.Name : null;
    }

    private static int Rank(ValueInfoProto port) => port.Type?.TensorType?.Shape?.Dim.Count ?? 0;

    private static long Width(ValueInfoProto port) => port.Type?.TensorType?.Shape?.Dim.LastOrDefault()?.DimValue ?? 0;
}
