namespace Stip.Export.Blocks.Weights;

/// <summary>
/// Product of rows with projections of the checkpoint, side by side: one matrix <c>[in, out]</c> of the graph's own
/// type, or 4-bit blocks where the checkpoint stores such.
/// </summary>
internal static class Product
{
    /// <summary>Appends the product.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="input">Rows whose last axis is as long as the matrices are wide.</param>
    /// <param name="parts">The projections.</param>
    /// <param name="inputAxes">Number of axes of the rows.</param>
    /// <returns>Name of the product.</returns>
    public static string Append(
        ModelGraph model,
        string name,
        string input,
        IReadOnlyList<LinearPart> parts,
        int inputAxes = Linear.RowsOfASequence)
    {
        var runs = Runs(parts);
        if (runs.Count == 1)
        {
            return AppendRun(model, name, input, inputAxes, runs[0]);
        }

        var products = runs.Select((run, i) => AppendRun(model, $"{name}.{i}", input, inputAxes, run)).ToList();
        return model.Graph.Add("Concat", $"{name}/Concat", products, Onnx.Model.NodeAttribute.Int("axis", -1));
    }

    private static string AppendRun(
        ModelGraph model, string name, string input, int inputAxes, List<LinearPart> run)
    {
        if (Form(run[0]) is not null)
        {
            return FourBitProduct.Append(model, name, input, inputAxes, run);
        }

        var weight = model.AddWeight($"{name}.weight", model.Weights.Matrix(run));
        return model.Graph.Add("MatMul", $"{name}/MatMul", [input, weight]);
    }

    // Neighbours that are stored alike make one product.
    private static List<List<LinearPart>> Runs(IReadOnlyList<LinearPart> parts)
    {
        var runs = new List<List<LinearPart>>();
        foreach (var part in parts)
        {
            if (runs.Count > 0 && Form(runs[^1][0]) == Form(part))
            {
                runs[^1].Add(part);
            }
            else
            {
                runs.Add([part]);
            }
        }

        return runs;
    }

    // Whether blocks have offsets, null where there are no blocks.
    private static bool? Form(LinearPart part) =>
        FourBitWeights.Fit(part) ? part.Tensor.FourBitRows!.HasOffsets : null;
}
