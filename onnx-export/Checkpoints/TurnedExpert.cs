namespace Stip.Export.Checkpoints;

/// <summary>The one turned expert that is in memory, whichever tensor of a graph it belongs to: tensors live as long as
/// the graph, so what each kept would grow with the layers.</summary>
internal sealed class TurnedExpert
{
    private readonly Lock _lock = new();
    private CheckpointTensor? _owner;
    private float[] _values = [];
    private long _index;

    /// <summary>Elements of an expert; where another is held it makes room first.</summary>
    /// <param name="owner">The tensor of all experts.</param>
    /// <param name="index">Which of them.</param>
    /// <param name="turn">Reads and turns it.</param>
    public float[] Of(CheckpointTensor owner, long index, Func<float[]> turn)
    {
        // Rows of one expert are asked for together, from several threads: it is turned once.
        lock (_lock)
        {
            if (!ReferenceEquals(_owner, owner) || _index != index)
            {
                (_owner, _values) = (null, []);
                _values = turn();
                (_owner, _index) = (owner, index);
            }

            return _values;
        }
    }
}
