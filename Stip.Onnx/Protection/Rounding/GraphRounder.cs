using Google.Protobuf;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Rounds the matrices of a permuted graph in place: each MatMul with a weight becomes a
/// MatMulNBits.</summary>
internal static class GraphRounder
{
    // Activations stay what they are; the levels above round them too.
    private const int ExactAccuracy = 0;

    /// <summary>Rewrites a graph and its data file.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="kind">How far to round.</param>
    /// <exception cref="RefusedException">No matrix of the graph can be rounded.</exception>
    public static void Round(string path, WeightRounding kind)
    {
        var (graphPath, dataPath) = ($"{path}.rounded", $"{path}.rounded.data");
        using (var file = ModelFile.Load(path))
        {
            var rounded = RoundableMatrices.Of(file.Graph, file.Tensors);
            if (rounded.Count == 0)
            {
                throw new RefusedException(
                    $"no matrix of {Path.GetFileName(path)} can be rounded: none is a float weight on the right of a "
                    + $"MatMul with at least {BlockRounding.BlockLength} inputs");
            }

            var model = file.Model.Clone();
            var sizes = file.Tensors.Where(tensor => rounded.Contains(tensor.Name))
                .ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);
            ReplaceNodes(model, sizes, kind);
            WriteWeights(file, model, rounded, kind, dataPath, $"{Path.GetFileName(path)}.data");
            using var stream = new FileStream(graphPath, FileMode.CreateNew, FileAccess.Write);
            model.WriteTo(stream);
        }

        File.Move(dataPath, $"{path}.data", overwrite: true);
        File.Move(graphPath, path, overwrite: true);
    }

    private static void ReplaceNodes(ModelProto model, Dictionary<string, int[]> sizes, WeightRounding kind)
    {
        foreach (var node in model.Graph.Node.Where(RoundableMatrices.IsProduct))
        {
            if (!sizes.TryGetValue(node.Input[1], out var shape))
            {
                continue;
            }

            node.OpType = "MatMulNBits";
            node.Domain = GraphBuilder.MicrosoftDomain;
            node.Input.Add(node.Input[1] + RoundableMatrices.ScalesSuffix);
            node.Attribute.Add(NodeAttribute.Int("K", shape[0]));
            node.Attribute.Add(NodeAttribute.Int("N", shape[1]));
            node.Attribute.Add(NodeAttribute.Int("bits", kind == WeightRounding.Int4 ? 4 : 8));
            node.Attribute.Add(NodeAttribute.Int("block_size", BlockRounding.BlockLength));
            node.Attribute.Add(NodeAttribute.Int("accuracy_level", ExactAccuracy));
        }

        if (model.OpsetImport.All(opset => opset.Domain != GraphBuilder.MicrosoftDomain))
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = GraphBuilder.MicrosoftDomain, Version = 1 });
        }
    }

    private static void WriteWeights(
        ModelFile file, ModelProto model, HashSet<string> rounded, WeightRounding kind, string path, string location)
    {
        using var data = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        var writer = new ExternalDataWriter(data, location, bytesWritten: null);
        foreach (var (source, proto) in file.Tensors.Zip(ModelFile.TensorsOf(model)).ToList())
        {
            if (!source.IsExternal)
            {
                continue;
            }

            proto.Tensor.ExternalData.Clear();
            if (rounded.Contains(source.Name))
            {
                WriteRounded(model.Graph, writer, source, proto.Tensor, kind);
            }
            else
            {
                var asItIs = new Permutation?[source.Shape.Length];
                writer.Write(
                    proto.Tensor, source.ByteLength, stream => PermutedCopy.Write(source, asItIs, stream));
            }
        }
    }

    private static void WriteRounded(
        GraphProto graph, ExternalDataWriter writer, GraphTensor source, TensorProto numbers, WeightRounding kind)
    {
        var rounding = new BlockRounding(kind, OnnxDtypes.FromOnnx((int)source.Type)!.Value);
        var matrix = new RoundedMatrix(source, rounding);
        var scales = new TensorProto
        {
            Name = source.Name + RoundableMatrices.ScalesSuffix,
            DataType = (int)source.Type,
        };
        scales.Dims.Add(matrix.ScalesShape);
        numbers.DataType = (int)TensorDtype.UInt8.ToOnnx();
        numbers.Dims.Clear();
        numbers.Dims.Add(matrix.NumbersShape);
        writer.Write(numbers, matrix.NumberBytes, matrix.WriteNumbers);
        writer.Write(scales, matrix.ScaleBytes, matrix.WriteScales);
        graph.Initializer.Add(scales);
    }
}
