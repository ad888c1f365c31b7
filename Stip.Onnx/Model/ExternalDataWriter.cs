using System.Globalization;

namespace Stip.Onnx.Model;

/// <summary>Writes the weights of a graph one after the other into one file beside it.</summary>
internal sealed class ExternalDataWriter(Stream stream, string location, Action<long>? bytesWritten)
{
    // A weight of a page or more starts on a page, so that a runtime can map it; a small one on a cache line.
    private const int PageBytes = 4096;
    private const int CacheLineBytes = 64;

    public void Write(TensorProto tensor, Weight weight) => Write(tensor, weight.ByteLength, weight.WriteTo);

    public void Write(TensorProto tensor, long byteLength, Action<Stream> writeTo)
    {
        var alignment = byteLength >= PageBytes ? PageBytes : CacheLineBytes;
        var offset = (stream.Position + alignment - 1) / alignment * alignment;
        stream.Write(new byte[offset - stream.Position]);
        writeTo(stream);
        if (stream.Position - offset != byteLength)
        {
            throw new InvalidOperationException(
                $"weight '{tensor.Name}' wrote {stream.Position - offset} bytes of {byteLength}");
        }

        Point(tensor, location, offset, byteLength);
        bytesWritten?.Invoke(stream.Position);
    }

    /// <summary>Says of a tensor that its bytes lie in a file beside the graph; what it held itself is gone.</summary>
    public static void Point(TensorProto tensor, string location, long offset, long byteLength)
    {
        InlineData.Clear(tensor);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Clear();
        Describe(tensor, "location", location);
        Describe(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
        Describe(tensor, "length", byteLength.ToString(CultureInfo.InvariantCulture));
    }

    private static void Describe(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
}
