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

    /// <summary>Writes the graph file and, where the plain graph has external data, one data file beside it.</summary>
    /// <param name="part">The plain graph.</param>
    /// <param name="plan">What moves.</param>
    /// <param name="path">The ONNX file to make.</param>
    /// <param name="bytesWritten">Called with the length of the data file after each tensor.</param>
    /// <returns>The data file with its digest, null where none was made.</returns>
    public static PackageFile? Write(
        GraphPart part, ProtectionPlan plan, string path, Action<long>? bytesWritten = null)
    {
        var model = part.Model.Clone();
        GraphCleaner.Clean(model);
        var tensors = part.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var location = Path.GetFileName(path) + ".data";
        PackageFile? written;
        using (var data = new LazyFile(Path.Combine(Path.GetDirectoryName(path) ?? "", location)))
        {
            foreach (var (plain, proto) in part.Tensors.Zip(ModelFile.TensorsOf(model)))
            {
                var step = plan.Of(plain);
                var source = tensors[step.Source];
                if (plain.IsExternal)
                {
                    proto.Tensor.ExternalData.Clear();
                    new ExternalDataWriter(data.Stream, location, bytesWritten).Write(
                        proto.Tensor, plain.ByteLength, stream => PermutedCopy.Write(source, step, stream));
                }
                else if (!step.MovesNothing)
                {
                    WriteInline(proto.Tensor, source, step);
                }
            }

            written = data.Complete();
        }

        using var graph = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        model.WriteTo(graph);
        return written;
    }

    private static void WriteInline(TensorProto tensor, GraphTensor source, InitializerPlan step)
    {
        using var bytes = new MemoryStream();
        PermutedCopy.Write(source, step, bytes);
        tensor.FloatData.Clear();
        tensor.DoubleData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.Uint64Data.Clear();
        tensor.RawData = ByteString.CopyFrom(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    // The data file is made only where something is written to it.
    private sealed class LazyFile(string path) : IDisposable
    {
        private HashedFile? _stream;

        public Stream Stream => _stream ??= new HashedFile(path);

        public PackageFile? Complete() => _stream?.Complete();

        public void Dispose() => _stream?.Dispose();
    }
}
