using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Inputs of several passes laid one behind the other along their first axis.</summary>
internal sealed class JoinedInputs : IDisposable
{
    private readonly List<TensorRoom> _rented = [];
    private readonly Dictionary<string, TensorPayload> _tensors = new(StringComparer.Ordinal);

    /// <param name="passes">Alike but for their rows.</param>
    /// <exception cref="InsufficientMemoryException">There is no room for all together.</exception>
    public JoinedInputs(IReadOnlyList<ValidInputs> passes)
    {
        try
        {
            foreach (var (name, first) in passes[0].Tensors)
            {
                Join(name, first, [.. passes.Select(pass => pass.Tensors[name])]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Good until these are disposed of.</summary>
    public IReadOnlyDictionary<string, TensorPayload> Tensors => _tensors;

    public void Dispose()
    {
        _rented.ForEach(static room => room.Return());
        _rented.Clear();
        _tensors.Clear();
    }

    private void Join(string name, TensorPayload first, TensorPayload[] parts)
    {
        var room = TensorRoom.Rent(checked(parts.Sum(part => part.Data.Length)));
        _rented.Add(room);
        var left = room.Span;
        foreach (var part in parts)
        {
            part.Data.Span.CopyTo(left);
            left = left[part.Data.Length..];
        }

        _tensors.Add(name, new TensorPayload(
            first.Dtype, [parts.Sum(part => part.Shape[0]), .. first.Shape.Skip(1)], room.Memory));
    }
}
