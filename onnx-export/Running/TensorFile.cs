using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Running;

/// <summary>Named tensors as one safetensors file.</summary>
internal static class TensorFile
{
    public static Dictionary<string, HostTensor> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new RefusedException($"{path} is not there; --inputs names a safetensors file");
        }

        using var file = SafetensorsFile.Open(path);
        return file.Header.Entries.Values.ToDictionary(
            entry => entry.Name,
            entry => new HostTensor(entry.Dtype, entry.Shape, file.Bytes(entry.Name).ToArray()));
    }

    /// <summary>Writes beside the place and moves the file there when it is whole.</summary>
    public static void Write(string path, IEnumerable<(string Name, HostTensor Tensor)> tensors)
    {
        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (var stream = File.Create(partial))
            {
                SafetensorsWriter.Write(stream, [.. tensors.Select(entry => SafetensorsWriter.Source.FromBytes(
                    entry.Name, entry.Tensor.Dtype, entry.Tensor.Shape, entry.Tensor.Bytes))]);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
