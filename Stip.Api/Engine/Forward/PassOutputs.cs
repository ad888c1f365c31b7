using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Outputs of a pass, where the runtime left them, until whoever holds them lets go.</summary>
internal sealed class PassOutputs : IDisposable
{
    private readonly Held _held;
    private int _isDisposed;

    /// <param name="tensors">By name.</param>
    /// <param name="memory">Where they lie; owned from here on.</param>
    public PassOutputs(IReadOnlyDictionary<string, TensorPayload> tensors, IDisposable memory)
        : this(tensors, new Held(memory))
    {
    }

    private PassOutputs(IReadOnlyDictionary<string, TensorPayload> tensors, Held held) =>
        (Tensors, _held) = (tensors, held);

    /// <summary>By name; good until these are disposed of.</summary>
    public IReadOnlyDictionary<string, TensorPayload> Tensors { get; }

    /// <summary>A part of them: of small ones in the same memory, which goes when nobody holds any part. Of large ones
    /// in memory of its own, so that no slow reader of a part holds the others.</summary>
    public PassOutputs Share(IReadOnlyDictionary<string, TensorPayload> part)
    {
        if (Tensors.Values.Sum(tensor => (long)tensor.Data.Length) > TensorRoom.MostPooledBytes)
        {
            try
            {
                return OwnTensors.Copy(part);
            }
            catch (OutOfMemoryException)
            {
                // Then they are held together.
            }
        }

        _held.Add();
        return new PassOutputs(part, _held);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _held.Release();
        }
    }

    private sealed class Held(IDisposable memory)
    {
        private int _holders = 1;

        public void Add() => Interlocked.Increment(ref _holders);

        public void Release()
        {
            if (Interlocked.Decrement(ref _holders) == 0)
            {
                memory.Dispose();
            }
        }
    }
}
