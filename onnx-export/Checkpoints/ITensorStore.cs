namespace Stip.Export.Checkpoints;

/// <summary>Where the tensors of a checkpoint come from: its files, or a seed.</summary>
internal interface ITensorStore : IDisposable
{
    /// <summary>True where there is a tensor of this name.</summary>
    bool Has(string name);

    /// <summary>A tensor that the model needs, of the shape that config.json asks for.</summary>
    /// <exception cref="Onnx.RefusedException">It is missing, or has another shape or an unsupported type.</exception>
    CheckpointTensor Require(string name, params ReadOnlySpan<long> shape);

    /// <summary>The head of a model that has its token table as such, where what was changed on top of it says which of
    /// the two it changed; null where nothing does.</summary>
    /// <param name="heads">Names that the head may have.</param>
    /// <param name="tables">Names that the table may have.</param>
    /// <param name="words">The table as it is now.</param>
    CheckpointTensor? FindHead(
        IReadOnlyList<string> heads, IReadOnlyList<string> tables, CheckpointTensor words) => null;

    /// <summary>A number of the model's own that has no axis, null where there is none, or only random ones.</summary>
    double? FindNumber(string name) => null;

    /// <summary>A tensor of bytes that is read as it is stored, null where there is none.</summary>
    /// <exception cref="Onnx.RefusedException">It has another shape or type.</exception>
    CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) => null;
}
