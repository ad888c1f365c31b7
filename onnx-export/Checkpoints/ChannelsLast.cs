namespace Stip.Export.Checkpoints;

/// <summary>Kernels of a convolution with their channels behind their places.</summary>
/// <param name="Source">Kernels <c>[outputs, channels, places]</c> of any shape with as many elements.</param>
/// <param name="Outputs">How many kernels there are.</param>
/// <param name="Channels">Channels of one.</param>
/// <param name="Places">Places of one.</param>
internal sealed record ChannelsLast(CheckpointTensor Source, int Outputs, int Channels, int Places)
    : CheckpointTensor(Source.Name, Source.Dtype, [Outputs, Places, Channels])
{
    public override void Read(long firstElement, Span<float> values)
    {
        var kernel = new float[Channels * Places];
        var last = -1L;
        for (var i = 0; i < values.Length; i++)
        {
            var (output, element) = Math.DivRem(firstElement + i, kernel.Length);
            if (output != last)
            {
                Source.Read(output * kernel.Length, kernel);
                last = output;
            }

            var (place, channel) = Math.DivRem((int)element, Channels);
            values[i] = kernel[(channel * Places) + place];
        }
    }
}
