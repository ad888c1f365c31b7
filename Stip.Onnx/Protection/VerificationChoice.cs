using System.Globalization;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection;

/// <summary>What <see cref="VerificationMode.Auto"/> comes to on this machine.</summary>
/// <param name="Mode">Never <see cref="VerificationMode.Auto"/>.</param>
/// <param name="Reason">Why blocks were chosen, null where nothing has to be said.</param>
internal sealed record VerificationChoice(VerificationMode Mode, string? Reason)
{
    // What the runtime needs besides weights in the layout of its kernels.
    private const double Overhead = 1.25;
    private const double Gibibyte = 1L << 30;

    /// <summary>Chooses by the size of the model.</summary>
    /// <param name="plain">The plain model.</param>
    /// <param name="asked">What was asked for.</param>
    /// <param name="freeBytes">Memory that may be used; null asks the system.</param>
    /// <exception cref="RefusedException">This machine cannot run the model as it was asked for.</exception>
    public static VerificationChoice Of(PlainModel plain, VerificationMode asked, long? freeBytes = null)
    {
        if (asked is VerificationMode.Auto or VerificationMode.Full
            && plain.Parts.FirstOrDefault(part => WideTypes.AreNeeded(part.Graph)) is { } part)
        {
            return asked == VerificationMode.Auto
                ? new VerificationChoice(VerificationMode.Blocks, "verified block by block, in float32: a CPU computes "
                    + $"nothing in bfloat16, as '{part.FileName}' does")
                : throw new RefusedException($"--verify full: a CPU computes nothing in bfloat16, as '{part.FileName}' "
                    + "does; --verify blocks runs both models in float32, layer by layer, and none leaves it out");
        }

        if (asked != VerificationMode.Auto)
        {
            return new VerificationChoice(asked, null);
        }

        var free = freeBytes ?? FreeMemory.Bytes();
        var needed = 2 * Overhead * plain.Parts.SelectMany(part => part.Tensors).Sum(BytesInMemory);
        return needed <= free
            ? new VerificationChoice(VerificationMode.Full, null)
            : new VerificationChoice(VerificationMode.Blocks, string.Create(
                CultureInfo.InvariantCulture,
                $"verified block by block: both models at once would take about {needed / Gibibyte:F1} GiB, "
                + $"{free / Gibibyte:F1} GiB are free"));
    }

    // Kernels of a CPU have a copy of each matrix in their own layout, in float32 where the type is narrower.
    private static double BytesInMemory(GraphTensor tensor) =>
        tensor.Type is DataType.Float16 or DataType.Bfloat16 ? 2.0 * tensor.ByteLength : tensor.ByteLength;
}
