using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>What a request says of one input of a graph without a cache, judged before its numbers are read.</summary>
/// <param name="Name">Of the graph's input.</param>
/// <param name="GraphDtype">The graph's type.</param>
/// <param name="Shape">Fits the graph.</param>
/// <param name="Numbers">As many as the shape asks for, as they come.</param>
internal sealed record DeclaredInput(
    string Name, TensorDtype GraphDtype, IReadOnlyList<long> Shape, DeclaredRows Numbers);
