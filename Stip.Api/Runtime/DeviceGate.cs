namespace Stip.Api.Runtime;

/// <summary>Who may use the device. While one decoder's step is recorded, the CUDA runtime forbids allocations, copies
/// and waits by anybody in the process, and takes the recording away from whoever is in the middle of one; so ordinary
/// work enters together and a recording enters alone, after what runs has ended.</summary>
internal sealed class DeviceGate : IDisposable
{
    // Work that is inside enters again for each of its copies.
    private readonly ReaderWriterLockSlim _lock = new(LockRecursionPolicy.SupportsRecursion);

    /// <summary>Enters together with others.</summary>
    /// <param name="gate">Null where graphs run on the host, which needs none.</param>
    public static Pass Enter(DeviceGate? gate)
    {
        gate?._lock.EnterReadLock();
        return new Pass(gate, isAlone: false);
    }

    /// <summary>Waits until nobody is inside and keeps everybody else out.</summary>
    public static Pass EnterAlone(DeviceGate? gate)
    {
        gate?._lock.EnterWriteLock();
        return new Pass(gate, isAlone: true);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Leaves where it is disposed of, on the thread that entered.</summary>
    public readonly ref struct Pass(DeviceGate? gate, bool isAlone)
    {
        public void Dispose()
        {
            if (isAlone)
            {
                gate?._lock.ExitWriteLock();
            }
            else
            {
                gate?._lock.ExitReadLock();
            }
        }
    }
}
