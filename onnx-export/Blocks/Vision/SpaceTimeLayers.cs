using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Layers of a video: patches see those of all times at their place, then those of all places at their time,
/// with a row for the whole video, which each frame has a copy of (divided attention, arXiv 2102.05095).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
/// <param name="frames">Frames of a video.</param>
/// <param name="places">Patches of a frame.</param>
internal sealed class SpaceTimeLayers(
    EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names, int frames, int places)
{
    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly EncoderAttention _inSpace = new(encoder, sizes, names);
    private readonly EncoderAttention _inTime = new(encoder, sizes, names with
    {
        Packed = $"temporal_{names.Packed}",
        Output = $"temporal_{names.Output}",
    });

    private readonly EncoderFeedForward _feedForward = new(encoder, sizes, names);

    /// <summary>Appends all layers.</summary>
    /// <param name="prefix">Name of the layers in the checkpoint, before their index.</param>
    /// <param name="rows">Rows <c>[batch, 1 + places · frames, hidden]</c>, all times of a place side by side.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(string prefix, string rows)
    {
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = ($"layers.{layer}", $"{prefix}.{layer}");
            var (first, patches) = (Cut($"{name}.first", rows, 0, 1), Cut($"{name}.patches", rows, 1, long.MaxValue));
            patches = _graph.Add("Add", $"{name}.timed", [patches, InTime(name, tensor, patches)]);
            var (added, moved) = InSpace(name, tensor, first, patches);
            rows = _graph.Add("Add", $"{name}.placed", [
                Joined($"{name}.before", first, patches), Joined($"{name}.given", added, moved)]);
            var normed = sizes.Norm.Append(encoder, $"{name}.mlp_norm", $"{tensor}.{names.FeedForwardNorm}", rows);
            rows = _graph.Add("Add", $"{name}.moved", [
                rows, _feedForward.Append($"{name}.mlp", tensor, normed)]);
        }

        return rows;
    }

    private string InTime(string name, string tensor, string patches)
    {
        var part = $"{name}.time";
        var apart = Shaped($"{part}.apart", patches, -1, frames, sizes.Hidden);
        var given = _inTime.Append(part, tensor, sizes.Norm.Append(
            encoder, $"{part}_norm", $"{tensor}.temporal_layernorm", apart));
        return Linear.FromLinear(
            encoder,
            $"{part}.dense",
            Shaped($"{part}.together", given, -1, places * frames, sizes.Hidden),
            $"{tensor}.temporal_dense",
            sizes.Hidden,
            sizes.Hidden,
            hasBias: true);
    }

    // What the row of the video and the patches are given: the former's is the mean over its copies.
    private (string First, string Patches) InSpace(string name, string tensor, string first, string patches)
    {
        var (part, hidden) = ($"{name}.space", sizes.Hidden);
        var copies = Shaped(
            $"{part}.copies",
            _graph.Add("Expand", $"{part}.copied", [first, _graph.Shared("space.copies", 1, frames, 1)]),
            -1,
            1,
            hidden);
        var pictures = Shaped(
            $"{part}.pictures",
            Swapped($"{part}.by_frame", Shaped($"{part}.by_place", patches, -1, places, frames, hidden)),
            -1,
            places,
            hidden);
        var given = _inSpace.Append(part, tensor, sizes.Norm.Append(
            encoder,
            $"{part}_norm",
            $"{tensor}.{names.AttentionNorm}",
            Joined($"{part}.rows", copies, pictures)));
        var mean = _graph.Add("ReduceMean", $"{part}.mean", [
            Shaped($"{part}.firsts", Cut($"{part}.first", given, 0, 1), -1, frames, hidden),
            _graph.Shared("space.axis", 1)]);
        var seen = Shaped($"{part}.seen", Cut($"{part}.patches", given, 1, long.MaxValue), -1, frames, places, hidden);
        return (mean, Shaped(
            $"{part}.together", Swapped($"{part}.back", seen), -1, places * frames, hidden));
    }

    private string Swapped(string name, string value) =>
        _graph.Add("Transpose", name, [value], NodeAttribute.Ints("perm", 0, 2, 1, 3));

    private string Joined(string name, string first, string patches) =>
        _graph.Add("Concat", name, [first, patches], NodeAttribute.Int("axis", 1));

    private string Cut(string name, string rows, long from, long to) => _graph.Add("Slice", name, [
        rows, _graph.Shared($"cut.{from}", from), _graph.Shared($"cut.{to}", to), _graph.Shared("cut.axis", 1)]);

    private string Shaped(string name, string value, params long[] shape) => _graph.Add("Reshape", name, [
        value, _graph.Shared($"shape.{string.Join('.', shape)}", shape)]);
}
