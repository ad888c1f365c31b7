using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Writes the protected graph: node for node the plain one, with other initialiser bytes.</summary>
internal static class ProtectedGraphWriter
{
    /// <summary>Writes a model of one graph.</summary>
    public static void Write(ModelFile file, ProtectionPlan plan, string path) =>
        Write(GraphPart.Of(file), plan, path);

    /// <summary>Writes the graph file and, where the plain graph has external data, data files beside it.</summary>
    /// <param name="part">The plain graph.</param>
    /// <param name="plan">What moves.</param>
    /// <param name="path">The ONNX file to make.</param>
    /// <param name="fileBytes">About how long a data file may be; a longer one becomes several.</param>
    /// <param name="bytesWritten">Called with the bytes of weights written so far, after each tensor.</param>
    /// <returns>The data files with their digests.</returns>
    public static IReadOnlyList<PackageFile> Write(
        GraphPart part,
        ProtectionPlan plan,
        string path,
        long fileBytes = long.MaxValue,
        Action<long>? bytesWritten = null)
    {
        var model = part.Model.Clone();
        GraphCleaner.Clean(model);
        var tensors = part.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var external = new List<ExternalTensor>();
        foreach (var (plain, proto) in part.Tensors.Zip(ModelFile.TensorsOf(model)))
        {
            var step = plan.Of(plain);
            var source = tensors[step.Source];
            if (plain.IsExternal)
            {
                external.Add(new ExternalTensor(
                    proto.Tensor, source.ByteLength, stream => PermutedCopy.Write(source, step, stream)));
            }
            else if (!step.MovesNothing)
            {
                WriteInline(proto.Tensor, source, step);
            }
        }

        var written = DataFiles.Write(external, path, fileBytes, bytesWritten);
        new SentOrder(part, plan).Append(model.Graph);
        using var graph = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        model.WriteTo(graph);
        return written;
    }

    private static void WriteInline(TensorProto tensor, GraphTensor source, InitializerPlan step)
    {
        using var bytes = new MemoryStream();
        PermutedCopy.Write(source, step, bytes);
        InlineData.Clear(tensor);
        tensor.RawData = ByteString.CopyFrom(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
