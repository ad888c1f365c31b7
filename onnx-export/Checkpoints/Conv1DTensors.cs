namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint whose projections are stored with inputs first, several side by side in one matrix, for a
/// model that asks for each with outputs first.</summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="place">For a projection's name without <c>.weight</c> or <c>.bias</c>: the stored matrix, which of the
/// parts of it the projection is, and how many there are; null for what is stored as asked for.</param>
internal sealed class Conv1DTensors(ITensorStore whole, Func<string, (string Name, int Part, int Parts)?> place)
    : ITensorStore
{
    private const string Matrix = ".weight";
    private const string Bias = ".bias";

    public bool Has(string name) => whole.Has(Place(name) is { } found ? found.Name + Ending(name) : name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (Place(name) is not var (stored, part, parts))
        {
            return whole.Require(name, shape);
        }

        var outputs = (int)shape[0];
        return Ending(name) == Bias
            ? new TensorRows(whole.Require(stored + Bias, parts * outputs), part * outputs, outputs)
            : new TurnedColumns(
                whole.Require(stored + Matrix, shape[1], parts * outputs), part * outputs, outputs);
    }

    public void Dispose()
    {
    }

    private (string Name, int Part, int Parts)? Place(string name) =>
        Ending(name) is { } ending ? place(name[..^ending.Length]) : null;

    private static string? Ending(string name) => name.EndsWith(Matrix, StringComparison.Ordinal) ? Matrix
        : name.EndsWith(Bias, StringComparison.Ordinal) ? Bias : null;
}
