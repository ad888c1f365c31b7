using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Weights;

/// <summary>
/// Product with matrices that stay 4-bit numbers in blocks of 32, the very numbers of the checkpoint. Zero points that
/// are not 8 would take the kernel's slow path: what they add to a block is a number times the sum of its inputs, so a
/// product 1/32 the size adds it, exactly.
/// </summary>
internal static class FourBitProduct
{
    // Computes in float32 what the blocks stand for; the levels above round activations.
    private const int ExactAccuracy = 0;

    /// <summary>Appends the product.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="input">Rows whose last axis is as long as the matrices are wide.</param>
    /// <param name="inputAxes">Number of axes of the rows.</param>
    /// <param name="parts">Projections side by side, all with offsets or all without.</param>
    public static string Append(
        ModelGraph model, string name, string input, int inputAxes, IReadOnlyList<LinearPart> parts)
    {
        var (graph, blocks) = (model.Graph, new FourBitWeights(parts));
        var product = graph.AddMicrosoft(
            "MatMulNBits",
            $"{name}/MatMulNBits",
            [
                input,
                graph.AddWeight($"{name}.weight", blocks.Numbers),
                graph.AddWeight($"{name}.scales", blocks.Scales),
            ],
            [$"{name}/MatMulNBits/output"],
            NodeAttribute.Int("K", blocks.Inputs),
            NodeAttribute.Int("N", blocks.Outputs),
            NodeAttribute.Int("bits", 4),
            NodeAttribute.Int("block_size", FourBitWeights.BlockLength),
            NodeAttribute.Int("accuracy_level", ExactAccuracy))[0];
        if (!blocks.HasOffsets)
        {
            return product;
        }

        var sums = BlockSums(graph, input, inputAxes, blocks.Inputs / FourBitWeights.BlockLength);
        var offsets = graph.AddWeight($"{name}.offsets", blocks.Offsets);
        return graph.Add(
            "Add", $"{name}/Add_offsets", [product, graph.Add("MatMul", $"{name}/MatMul_offsets", [sums, offsets])]);
    }

    // The sum of every block of 32 inputs [.., K / 32]; projections of the same rows share it.
    private static string BlockSums(GraphBuilder graph, string input, int axes, int blocks)
    {
        var name = $"{input}/block_sums";
        if (graph.Has($"{name}/output"))
        {
            return $"{name}/output";
        }

        var shape = graph.Shared(
            $"block_sums.{axes}.{blocks}",
            [.. Enumerable.Repeat(0L, axes - 1), blocks, FourBitWeights.BlockLength]);
        var apart = graph.Add("Reshape", $"{name}/Reshape", [input, shape]);

        // Of no rows at all, which an expert may be sent, the runtime sums along axes from the front only.
        var axis = axes == Linear.RowsOfASequence
            ? graph.Shared("block_sums.axis", -1)
            : graph.Shared($"block_sums.axis.{axes}", axes);
        return graph.Add(
            "ReduceSum",
            name,
            [apart, axis],
            NodeAttribute.Int("keepdims", 0));
    }
}
