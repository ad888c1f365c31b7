namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint one of whose tables has further rows, which the model does without.</summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="table">Name of the table.</param>
/// <param name="further">How many rows more it has.</param>
internal sealed class ShortenedTable(ITensorStore whole, string table, int further) : ITensorStore
{
    public bool Has(string name) => whole.Has(name);

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) => whole.FindBytes(name, shape);

    public double? FindNumber(string name) => whole.FindNumber(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape) => name == table
        ? new TensorRows(whole.Require(name, [shape[0] + further, .. shape[1..]]), 0, shape[0])
        : whole.Require(name, shape);

    public void Dispose()
    {
    }
}
