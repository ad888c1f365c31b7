namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Whisper's spectrogram from its definition, bin by bin, without any code of ours.</summary>
internal static class BareSpectrogram
{
    private const int Width = 400;
    private const int Step = 160;
    private const int Rate = 16_000;
    private const int Bins = (Width / 2) + 1;

    /// <returns><c>[mels, samples / 160]</c>.</returns>
    public static float[] Of(float[] samples, int mels)
    {
        var moments = samples.Length / Step;
        double[] edges = [.. Enumerable.Range(0, mels + 2).Select(i => Hertz(Mel(Rate / 2.0) * i / (mels + 1)))];
        var logarithms = new double[mels, moments];
        for (var moment = 0; moment < moments; moment++)
        {
            var power = Power(samples, (moment * Step) - (Width / 2));
            for (var mel = 0; mel < mels; mel++)
            {
                var (left, middle, right) = (edges[mel], edges[mel + 1], edges[mel + 2]);
                var energy = Enumerable.Range(0, Bins).Sum(bin =>
                {
                    var hertz = (double)bin * Rate / Width;
                    var height = Math.Min((hertz - left) / (middle - left), (right - hertz) / (right - middle));
                    return power[bin] * Math.Max(0, height) * 2 / (right - left);
                });
                logarithms[mel, moment] = Math.Log10(Math.Max(energy, 1e-10));
            }
        }

        var least = logarithms.Cast<double>().Max() - 8;
        return [.. logarithms.Cast<double>().Select(value => (float)((Math.Max(value, least) + 4) / 4))];
    }

    private static double[] Power(float[] samples, int first)
    {
        double[] frame = [.. Enumerable.Range(0, Width).Select(i =>
            samples[Mirrored(first + i, samples.Length)] * (1 - Math.Cos(2 * Math.PI * i / Width)) / 2)];
        return [.. Enumerable.Range(0, Bins).Select(bin =>
        {
            var (real, imaginary) = (0.0, 0.0);
            for (var i = 0; i < Width; i++)
            {
                real += frame[i] * Math.Cos(2 * Math.PI * bin * i / Width);
                imaginary -= frame[i] * Math.Sin(2 * Math.PI * bin * i / Width);
            }

            return (real * real) + (imaginary * imaginary);
        })];
    }

    private static int Mirrored(int place, int length) =>
        place < 0 ? -place : place >= length ? (2 * length) - 2 - place : place;

    private static double Mel(double hertz) =>
        hertz < 1000 ? hertz * 3 / 200 : 15 + (27 * Math.Log(hertz / 1000) / Math.Log(6.4));

    private static double Hertz(double mel) =>
        mel < 15 ? mel * 200 / 3 : 1000 * Math.Pow(6.4, (mel - 15) / 27);
}
