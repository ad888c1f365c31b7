using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Memory of tensors that were copied out of larger ones.</summary>
internal sealed class OwnTensors : IDisposable
{
    private readonly List<TensorRoom> _rented = [];

    private OwnTensors()
    {
    }

    /// <summary>The same tensors in memory of their own.</summary>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    public static PassOutputs Copy(IReadOnlyDictionary<string, TensorPayload> tensors)
    {
        var own = new OwnTensors();
        try
        {
            return new PassOutputs(
                tensors.ToDictionary(pair => pair.Key, pair => own.Copy(pair.Value), StringComparer.Ordinal), own);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _rented.ForEach(static room => room.Return());
        _rented.Clear();
    }

    private TensorPayload Copy(TensorPayload tensor)
    {
        var room = TensorRoom.Rent(tensor.Data.Length);
        _rented.Add(room);
        tensor.Data.Span.CopyTo(room.Span);
        return tensor with { Data = room.Memory };
    }
}
