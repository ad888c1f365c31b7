using Google.Protobuf;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Rounds the matrices of a permuted graph in place: each MatMul with a weight becomes a MatMulNBits, each MoE
/// a QMoE.</summary>
internal static class GraphRounder
{
    // Activations stay what they are; the levels above round them too.
    private const int ExactAccuracy = 0;

    /// <summary>Rewrites a graph and its data files.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="kind">How far to round.</param>
    /// <param name="fileBytes">About how long a data file may be.</param>
    /// <returns>The data files with their digests.</returns>
    /// <exception cref="RefusedException">No matrix of the graph can be rounded.</exception>
    public static IReadOnlyList<PackageFile> Round(
        string path, WeightRounding kind, long fileBytes = DataFiles.UsualBytes)
    {
        var (folder, name) = (Path.GetDirectoryName(path) ?? "", Path.GetFileName(path));
        var beside = Directory.CreateDirectory($"{path}.rounded").FullName;
        IReadOnlyList<PackageFile> written;
        string[] old;
        using (var file = ModelFile.Load(path))
        {
            old = [.. ModelFile.TensorsOf(file.Model).SelectMany(entry => entry.Tensor.ExternalData)
                .Where(entry => entry.Key == "location").Select(entry => entry.Value).Distinct()];
            written = Write(file, Path.Combine(beside, name), kind, fileBytes);
        }

        foreach (var data in old)
        {
            File.Delete(Path.Combine(folder, data));
        }

        foreach (var made in Directory.GetFiles(beside))
        {
            File.Move(made, Path.Combine(folder, Path.GetFileName(made)), overwrite: true);
        }

        Directory.Delete(beside);
        return written;
    }

    /// <summary>Names of the matrices that are rounded.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public static HashSet<string> Matrices(GraphProto graph, IEnumerable<GraphTensor> tensors, string name) =>
        RoundableMatrices.Of(graph, tensors) is { Count: > 0 } rounded
            ? rounded
            : throw new RefusedException(
                $"no matrix of {name} can be rounded: none is a weight in float32 or float16 on the right of a MatMul "
                + $"with at least {BlockRounding.BlockLength} inputs");

    private static IReadOnlyList<PackageFile> Write(ModelFile file, string path, WeightRounding kind, long fileBytes)
    {
        var rounded = Matrices(file.Graph, file.Tensors, Path.GetFileName(path));
        var model = file.Model.Clone();
        var sizes = file.Tensors.Where(tensor => rounded.Contains(tensor.Name))
            .ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);
        ReplaceNodes(model, sizes, kind);
        var written = DataFiles.Write([.. Weights(file, model, rounded, kind)], path, fileBytes, bytesWritten: null);
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        model.WriteTo(stream);
        return written;
    }

    private static void ReplaceNodes(ModelProto model, Dictionary<string, int[]> sizes, WeightRounding kind)
    {
        var bits = kind == WeightRounding.Int4 ? 4 : 8;
        foreach (var node in model.Graph.Node.Where(RoundableExperts.IsPlain))
        {
            if (sizes.ContainsKey(node.Input[RoundableExperts.Matrices[0]]))
            {
                RoundableExperts.Replace(node, bits);
            }
        }

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
            node.Attribute.Add(NodeAttribute.Int("bits", bits));
            node.Attribute.Add(NodeAttribute.Int("block_size", BlockRounding.BlockLength));
            node.Attribute.Add(NodeAttribute.Int("accuracy_level", ExactAccuracy));
        }

        if (model.OpsetImport.All(opset => opset.Domain != GraphBuilder.MicrosoftDomain))
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = GraphBuilder.MicrosoftDomain, Version = 1 });
        }
    }

    private static IEnumerable<ExternalTensor> Weights(
        ModelFile file, ModelProto model, HashSet<string> rounded, WeightRounding kind)
    {
        foreach (var (source, proto) in file.Tensors.Zip(ModelFile.TensorsOf(model)).ToList())
        {
            if (rounded.Contains(source.Name))
            {
                foreach (var tensor in Rounded(model.Graph, source, proto.Tensor, kind))
                {
                    yield return tensor;
                }
            }
            else if (source.IsExternal)
            {
                var asItIs = new Permutation?[source.Shape.Length];
                yield return new ExternalTensor(
                    proto.Tensor, source.ByteLength, stream => PermutedCopy.Write(source, asItIs, stream));
            }
        }
    }

    private static ExternalTensor[] Rounded(
        GraphProto graph, GraphTensor source, TensorProto numbers, WeightRounding kind)
    {
        var rounding = new BlockRounding(kind, OnnxDtypes.FromOnnx((int)source.Type)!.Value);
        IRoundedWeight matrix = source.Shape.Length == 2
            ? new RoundedMatrix(source, rounding)
            : new RoundedExperts(source, rounding);
        var scales = new TensorProto
        {
            Name = source.Name + RoundableMatrices.ScalesSuffix,
            DataType = (int)source.Type,
        };
        scales.Dims.Add(matrix.ScalesShape);
        InlineData.Clear(numbers);
        numbers.DataType = (int)TensorDtype.UInt8.ToOnnx();
        numbers.Dims.Clear();
        numbers.Dims.Add(matrix.NumbersShape);
        graph.Initializer.Add(scales);
        return
        [
            new ExternalTensor(numbers, matrix.NumberBytes, matrix.WriteNumbers) { IsFollowed = true },
            new ExternalTensor(scales, matrix.ScaleBytes, matrix.WriteScales),
        ];
    }
}
