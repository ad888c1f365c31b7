namespace Stip.Onnx.Model;

/// <summary>The bytes of a graph file without the raw data of its large initialisers.</summary>
/// <param name="Bytes">A model as protobuf.</param>
/// <param name="LeftOut">Which initialiser it was, and where in the file its bytes begin and how many there
/// are.</param>
internal sealed record GraphSkeleton(byte[] Bytes, IReadOnlyList<(int Place, long Offset, long Count)> LeftOut)
{
    // Numbers of fields in onnx.proto.
    private const int GraphOfModel = 7;
    private const int InitializerOfGraph = 5;
    private const int RawDataOfTensor = 9;
    private const int DataLocationOfTensor = 14;

    // Smaller tensors steer a graph, and are asked for often.
    private const int LeastBytes = 4096;

    /// <returns>Null where nothing can be left out, or the bytes are no protobuf: the parser says why.</returns>
    public static GraphSkeleton? Of(ReadOnlySpan<byte> file)
    {
        // Weights in typed fields and inner graphs stay; such a file is not copied once more to find that out.
        if (!LeavesAnyOut(file))
        {
            return null;
        }

        var (model, leftOut, place) = (new MemoryStream(), new List<(int, long, long)>(), 0);
        var fields = new ProtobufFields(file, 0, file.Length);
        while (fields.Next())
        {
            if (!fields.Is(GraphOfModel))
            {
                model.Write(fields.Whole);
                continue;
            }

            var graph = new MemoryStream();
            var inner = fields.Inner;
            while (inner.Next())
            {
                if (!inner.Is(InitializerOfGraph) || Without(inner, out var data) is not { } tensor)
                {
                    graph.Write(inner.Whole);
                }
                else
                {
                    inner.WriteInstead(graph, tensor);
                    leftOut.Add((place, data.Offset, data.Count));
                }

                place += inner.Is(InitializerOfGraph) ? 1 : 0;
            }

            if (inner.IsDamaged)
            {
                return null;
            }

            fields.WriteInstead(model, graph.GetBuffer().AsSpan(0, (int)graph.Length));
        }

        return fields.IsDamaged ? null : new GraphSkeleton(model.ToArray(), leftOut);
    }

    private static bool LeavesAnyOut(ReadOnlySpan<byte> file)
    {
        var fields = new ProtobufFields(file, 0, file.Length);
        while (fields.Next())
        {
            var inner = fields.Is(GraphOfModel) ? fields.Inner : default;
            while (inner.Next())
            {
                if (inner.Is(InitializerOfGraph) && Without(inner, out _) is not null)
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Null where the tensor stays as it is: it is small, or its bytes are not all in one place.
    private static byte[]? Without(ProtobufFields field, out (long Offset, long Count) data)
    {
        (data, var count) = (default, 0);
        var tensor = new MemoryStream();
        var inner = field.Inner;
        while (inner.Next())
        {
            // Where it is said that the bytes lie inside, that is said by a zero.
            if (inner.Is(DataLocationOfTensor, isBytes: false) && inner.Whole is [.., not 0])
            {
                return null;
            }

            if (!inner.Is(RawDataOfTensor))
            {
                if (inner.Whole.Length >= LeastBytes)
                {
                    return null;
                }

                tensor.Write(inner.Whole);
                continue;
            }

            data = (inner.BodyStart, inner.Body.Length);
            count++;
        }

        return inner.IsDamaged || count != 1 || data.Count < LeastBytes ? null : tensor.ToArray();
    }
}
