using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>The size of a head where config.json does not give it.</summary>
internal static class HeadDim
{
    public static int Of(int hiddenSize, int heads) => hiddenSize % heads == 0
        ? hiddenSize / heads
        : throw new RefusedException(
            $"config.json: {heads} attention heads do not divide a hidden size of {hiddenSize}, and there is no "
            + "head_dim");
}
