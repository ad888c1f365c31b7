using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// A picture, or what convolutions, pools and functions of single cells make of one. Every place does with what is
/// around it what every other place does, so a channel has one label wherever the surroundings are alike: all over the
/// inside, and others near a border.
/// </summary>
/// <param name="Store">Where the labels are from.</param>
/// <param name="Shape"><c>[batch, channels, …]</c>.</param>
/// <param name="Sites">For every place, row-major over the axes behind the channels, the number of its column.</param>
/// <param name="Columns">A label for every channel, for each kind of place.</param>
internal sealed record FeatureMapValue(NodeStore Store, int[] Shape, int[] Sites, int[][] Columns) : Value(Shape)
{
    private LabelValue? _written;

    /// <summary>True where all rows of a batch are known to be treated alike.</summary>
    public bool HasAlikeRows { get; init; }

    /// <summary>The same cell by cell: whatever is not done alike everywhere must tell places and rows
    /// apart.</summary>
    public LabelValue WriteOut() => _written ??= new LabelValue(Shape, Labels());

    private int[] Labels()
    {
        var (channels, kind) = (Shape[1], Store.Kinds.Id("in its place"));
        var places = Store.Places((HasAlikeRows ? 1 : Shape[0]) * Sites.Length);
        var labels = new int[Shapes.Count(Shape)];
        for (var cell = 0; cell < Shape[0] * Sites.Length; cell++)
        {
            var (row, site) = Math.DivRem(cell, Sites.Length);
            var made = CellWise.Ordered(Store, kind, Columns[Sites[site]], [places[cell % places.Length]]);
            for (var channel = 0; channel < channels; channel++)
            {
                labels[(((row * channels) + channel) * Sites.Length) + site] = made[channel];
            }
        }

        return labels;
    }
}
