using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>A family of models that checkpoints name in config.json.</summary>
internal interface IArchitecture
{
    /// <summary>Name in <c>architectures</c> of config.json.</summary>
    string Name { get; }

    /// <summary><c>model_type</c> of config.json, where <c>architectures</c> is absent.</summary>
    string ModelType { get; }

    /// <summary>Builds the graph and names the client's tables. Nothing large is read yet.</summary>
    /// <param name="checkpoint">The folder.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <exception cref="Onnx.RefusedException">The checkpoint is not what its config.json says.</exception>
    ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype);
}
