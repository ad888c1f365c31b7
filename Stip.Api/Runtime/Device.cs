namespace Stip.Api.Runtime;

/// <summary>An accelerator that graphs run on.</summary>
internal sealed class Device : IDisposable
{
    /// <param name="memory">Its memory; not owned.</param>
    public Device(IDeviceMemory memory) => Memory = new GatedMemory(memory, Gate);

    /// <summary>What runs, loads and unloads there enters here; what only touches <see cref="Memory"/> need not.
    /// </summary>
    public DeviceGate Gate { get; } = new();

    public IDeviceMemory Memory { get; }

    public void Dispose() => Gate.Dispose();
}
