namespace Stip.Export.Checkpoints;

/// <summary>
/// A checkpoint that holds changes of low rank for several tasks beside its matrices, stacked under the names of
/// torch's parametrizations (jina-embeddings-v3): those of one task are added, or of none.
/// </summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="tasks">Number of tasks.</param>
/// <param name="rank">Rank of a change.</param>
/// <param name="scale">Factor on it.</param>
/// <param name="task">Index of the task; null for none.</param>
internal sealed class TaskTensors(ITensorStore whole, int tasks, int rank, float scale, int? task) : ITensorStore
{
    private const string Ending = "weight";
    private const string Table = "_embeddings.weight";

    public bool Has(string name) => whole.Has(name) || IsChanged(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (!IsChanged(name))
        {
            return whole.Require(name, shape);
        }

        var (rows, columns) = (shape[0], shape[1]);
        var source = whole.Require(Original(name), shape);

        // W + B·A of a layer; a table has the two the other way round.
        var isTable = name.EndsWith(Table, StringComparison.Ordinal);
        var (ofRows, ofColumns) = isTable ? ("lora_A", "lora_B") : ("lora_B", "lora_A");
        var second = whole.Require($"{Changes(name)}.{ofRows}", tasks, rows, rank);
        var first = whole.Require($"{Changes(name)}.{ofColumns}", tasks, rank, columns);
        return task is { } chosen
            ? new LoraTensor(source, Of(first, chosen), Of(second, chosen), scale, IsTransposed: false)
            : source;
    }

    public void Dispose()
    {
    }

    private bool IsChanged(string name) =>
        name.EndsWith($".{Ending}", StringComparison.Ordinal) && whole.Has(Original(name));

    private static string Original(string name) => $"{name[..^Ending.Length]}parametrizations.{Ending}.original";

    private static string Changes(string name) => $"{name[..^Ending.Length]}parametrizations.{Ending}.0";

    private static TensorRows Of(CheckpointTensor stacked, int task)
    {
        var rows = stacked.Shape[1];
        return new TensorRows(
            new ReshapedTensor(stacked, [stacked.Shape[0] * rows, stacked.Shape[2]]), task * rows, rows);
    }
}
