using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>
/// One side of a comparison: a plain model, or a protected package with its client's part and all keys. What runs a
/// model does not know which of the two it runs.
/// </summary>
internal interface IModelSide : IDisposable
{
    /// <summary>One of <see cref="ModelKinds"/>.</summary>
    string Kind { get; }

    /// <summary>Role of the graph whose outputs are the model's.</summary>
    string MainRole { get; }

    int ContextLength { get; }

    /// <summary>Token whose rows are replaced by those of an image.</summary>
    int? ImageTokenId { get; }

    /// <summary>True where the decoder's past and present are one buffer.</summary>
    bool HasSharedCache { get; }

    /// <summary>The client's tables, null where a graph stands in their place.</summary>
    EmbeddingTables? Tables { get; }

    /// <summary>File of the client's graph that feeds a role, null where there is none.</summary>
    string? ClientGraphOf(string role);

    /// <summary>File of a graph.</summary>
    string GraphOf(string role);

    /// <summary>A graph's name of what is usually called so.</summary>
    /// <param name="role">Which graph.</param>
    /// <param name="usual">The usual name.</param>
    /// <param name="ports">Names of what the graph takes and gives.</param>
    string NameOf(string role, string usual, IReadOnlyCollection<string> ports);

    /// <summary>An input of the plain model as this side's graph takes it.</summary>
    HostTensor Protect(string role, string name, HostTensor plain);

    /// <summary>An output of this side's graph as the plain model gives it.</summary>
    HostTensor Restore(string role, string name, HostTensor given);
}
