using Stip.Onnx.Model;

namespace Stip.Onnx.Protection;

/// <summary>A tensor of the protected graph whose bytes lie beside it.</summary>
/// <param name="Source">The plain tensor whose bytes it gets.</param>
/// <param name="Step">How they move.</param>
/// <param name="Target">Is told where they lie.</param>
internal sealed record MovedTensor(GraphTensor Source, InitializerPlan Step, TensorProto Target);
