namespace Stip.Onnx.Symmetry.Values;

/// <summary>One axis of a view of a weight: which indices of which axis of the initialiser it shows.</summary>
/// <param name="Weight">The initialiser.</param>
/// <param name="Source">Axis of the initialiser; -1 for an axis of length one or a stretched one, on which nothing
/// depends.</param>
/// <param name="Picked">The indices shown, null for all of them.</param>
/// <param name="Derived">An axis made of several others, which takes the place of <paramref name="Source"/>.</param>
internal sealed record WeightAxis(
    WeightNodes Weight, int Source, int[]? Picked = null, DerivedAxis? Derived = null)
{
    private int[]? _nodes;

    public bool IsIndexed => Source >= 0 || Derived is not null;

    /// <summary>The axis node of every index; asking for them makes the axis one that may move.</summary>
    public int[] Nodes => !IsIndexed ? [] : Picked is null ? All() : _nodes ??= PickedNodes();

    /// <summary>The same axis showing some of its indices.</summary>
    public WeightAxis Pick(int[] indices) => IsIndexed
        ? this with { _nodes = null, Picked = Picked is null ? indices : Array.ConvertAll(indices, i => Picked[i]) }
        : this;

    /// <summary>Holds every index of the initialiser's axis where it is.</summary>
    public void Pin(string reason)
    {
        if (Source >= 0)
        {
            Weight.Pin(Source, reason);
        }

        foreach (var part in Derived?.Parts ?? [])
        {
            part.Pin(reason);
        }
    }

    private int[] PickedNodes()
    {
        var all = All();
        return Array.ConvertAll(Picked!, i => all[i]);
    }

    private int[] All() => Derived?.Nodes ?? Weight.Axis(Source);
}
